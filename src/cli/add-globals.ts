import { Option, type Command } from 'commander';
import { globalSpecs } from './globals.ts';

/** Adds the global options; a command's own short flag wins over a global one (`logs -n 50`). */
export function addGlobals(command: Command, visible: boolean): void {
  const taken = new Set(command.options.flatMap((option) => [option.short, option.long]));
  for (const { flags, description, choices } of globalSpecs) {
    const long = new Option(flags).long;
    if (taken.has(long)) continue;
    const short = new Option(flags).short;
    const free = short !== undefined && taken.has(short) ? flags.replace(/^-\w, /u, '') : flags;
    // The page of a command lists the choices by itself.
    const option = new Option(free, choices === undefined ? description : description.replace(/:.*$/u, ''));
    if (choices !== undefined) option.choices(choices);
    // `--no-color` defaults to true, which would hide what was given on the other level.
    command.addOption(option.hideHelp(!visible).helpGroup('Options of every command:'));
  }
}
