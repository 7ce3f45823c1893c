import { Command } from 'commander';
import { branches, catalogue, groups, type Entry } from './catalogue.ts';
import type { CommandModule } from './command.ts';
import { widthOf, type CliContext } from './context.ts';
import { SyncError } from '../lib/errors.ts';
import { addGlobals } from './add-globals.ts';
import { rootHelp } from './help.ts';
import { lookOf } from './output/tags.ts';
import { targetOf } from './target.ts';

/** What the command line came to: the command and its words. */
export interface Chosen {
  readonly command: CommandModule;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Builds the command tree. Only the file of the named command is loaded, unless `all` asks for every one (completion, documents). */
export async function buildProgram(
  argv: readonly string[],
  context: CliContext,
  choose: (chosen: Chosen) => void,
  all = false,
): Promise<Command> {
  const program = new Command('syncctl').helpOption('-h, --help', 'print help');
  program.helpInformation = rootHelp;
  style(program, context);
  program.enablePositionalOptions().version(context.version, '-V, --version', 'print the version');
  program.helpCommand('help [command]', 'print help of a command');
  addGlobals(program, true);
  const target = targetOf(argv);
  const parents = new Map<string, Command>();
  for (const entry of catalogue) {
    const parent = parentOf(program, parents, entry);
    const leaf = parent
      .command(entry.path.at(-1) ?? '', { hidden: entry.hidden === true })
      .summary(entry.summary)
      .description(sentence(entry.summary));
    leaf.helpGroup(entry.path.length === 1 ? groups[entry.group] : 'Commands:');
    if (entry.path.length === 1) parents.set(entry.path[0] ?? '', leaf.enablePositionalOptions());
    if (all || entry === target) equip(leaf, (await entry.load()).command, choose);
  }
  inherit(program);
  return program;
}

/** Adds what the command's file says, and hands the parsed words over. */
function equip(leaf: Command, command: CommandModule, choose: (chosen: Chosen) => void): void {
  command.configure(leaf);
  addGlobals(leaf, true);
  if (command.examples.length > 0)
    leaf.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`);
  leaf.action(() => {
    refuseEmptyNodes(leaf);
    choose({ command, args: leaf.processedArgs, options: merged(leaf) });
  });
}

/** An empty name is a shell variable that is not set; it must mean neither a node nor all of them. */
function refuseEmptyNodes(leaf: Command): void {
  for (const [index, argument] of leaf.registeredArguments.entries())
    if (/^nodes?$/u.test(argument.name()) && [leaf.processedArgs[index]].flat().includes(''))
      throw new SyncError('usage', 'node: expected the name, address or id of a node, got ""', {
        remedy: 'list them with: syncctl node list',
      });
}

/** The nearest level wins, but what is only a default never hides what was given. */
function merged(leaf: Command): Record<string, unknown> {
  const levels: Command[] = [];
  for (let level: Command | null = leaf; level !== null; level = level.parent) levels.unshift(level);
  const options: Record<string, unknown> = {};
  for (const level of levels) {
    for (const [name, value] of Object.entries(level.opts())) {
      if (!(name in options) || level.getOptionValueSource(name) !== 'default') options[name] = value;
    }
  }
  return options;
}

function parentOf(program: Command, parents: Map<string, Command>, entry: Entry): Command {
  const [name] = entry.path;
  if (entry.path.length === 1 || name === undefined) return program;
  const known = parents.get(name);
  if (known !== undefined) return known;
  const branch = branches.find((candidate) => candidate.name === name);
  const parent = program
    .command(name)
    .summary(branch?.summary ?? '')
    .description(sentence(branch?.summary ?? ''));
  parent.helpGroup(groups[branch?.group ?? 'other']).enablePositionalOptions();
  addGlobals(parent, false);
  parents.set(name, parent);
  return parent;
}

function style(program: Command, context: CliContext): void {
  program.exitOverride();
  program.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    // A wrong word becomes one sentence of ours, without a page of help; see usage.ts.
    writeErr: () => undefined,
    outputError: () => undefined,
    getOutHelpWidth: () => widthOf(context.stdout, 100),
    getErrHelpWidth: () => widthOf(context.stderr, 100),
    getOutHasColors: () => lookOf(context.stdout, context.env, false).colour,
    getErrHasColors: () => lookOf(context.stderr, context.env, false).colour,
  });
}

/** Output and exits are set on the program; commander copies them only to commands made through it afterwards, groups included. */
function inherit(program: Command): void {
  for (const child of program.commands) {
    child.copyInheritedSettings(program);
    inherit(child);
  }
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
