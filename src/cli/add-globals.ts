import { Option, type Command } from 'commander';
import { globalSpecs } from './globals.ts';

/** Adds the global options; a command's own short flag wins over a global one (`logs -n 50`). */
export function addGlobals(command: Command, visible: boolean): void {
  const taken = new Set(command.options.flatMap((option) => [option.short, option.long]));
  for (const { flags, description, choices } of globalSpecs) {
    const option = new Option(flags, description);
    if (choices !== undefined) option.choices(choices);
    if (taken.has(option.long)) continue;
    const free =
      option.short !== undefined && taken.has(option.short)
        ? new Option(flags.replace(/^-\w, /u, ''), description)
        : option;
    // `--no-color` defaults to true, which would hide what was given on the other level.
    command.addOption(free.hideHelp(!visible).helpGroup('Options of every command:'));
  }
}
