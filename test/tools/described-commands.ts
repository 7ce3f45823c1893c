// The commands as the catalogue describes them: what manual pages and the reference are written from.
import type { Command, Option } from 'commander';
import { branches, catalogue, type Entry } from '../../src/cli/catalogue.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { globalSpecs } from '../../src/cli/globals.ts';
import { buildProgram } from '../../src/cli/program.ts';

export interface DescribedCommand {
  readonly path: readonly string[];
  readonly group: string;
  readonly summary: string;
  /** How its arguments are called: `<node>`, `[hours]`. */
  readonly words: readonly { readonly name: string; readonly required: boolean }[];
  /** The options that it has beside those of every command. */
  readonly options: readonly { readonly flags: string; readonly description: string }[];
  /** Lines that work. */
  readonly examples: readonly string[];
}

/** All commands that are shown, in the order of the catalogue. */
export async function describedCommands(version: string): Promise<readonly DescribedCommand[]> {
  const sink = { write: (): boolean => true };
  // Building the tree reads nothing of the context but where text would go.
  const context = { stdout: sink, stderr: sink, env: {}, version } as unknown as CliContext;
  const program = await buildProgram([], context, () => undefined, true);
  return Promise.all(
    catalogue
      .filter((entry) => entry.hidden !== true)
      .map(async (entry) => {
        const command = find(program, entry.path);
        return {
          path: entry.path,
          group: groupOf(entry),
          summary: `${entry.summary.charAt(0).toUpperCase()}${entry.summary.slice(1)}.`,
          words: command.registeredArguments.map((argument) => ({
            name: `${argument.name()}${argument.variadic ? '...' : ''}`,
            required: argument.required,
          })),
          options: optionsOf(command),
          examples: (await entry.load()).command.examples,
        };
      }),
  );
}

function optionsOf(command: Command): DescribedCommand['options'] {
  const everywhere = new Set(globalSpecs.map((spec) => /--[a-z-]+/u.exec(spec.flags)?.[0]));
  const choices = ({ argChoices }: Option): string =>
    argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  return command.options
    .filter(({ long, hidden }) => !hidden && !everywhere.has(long ?? undefined))
    .map((option) => ({ flags: option.flags, description: `${option.description}${choices(option)}` }));
}

function find(program: Command, path: readonly string[]): Command {
  let command: Command | undefined = program;
  for (const word of path) command = command?.commands.find((child) => child.name() === word);
  if (command === undefined) throw new Error(`${path.join(' ')}: expected a command, got none`);
  return command;
}

/** A command below a branch belongs where the branch does. */
function groupOf({ path, group }: Entry): string {
  return branches.find(({ name }) => path.length > 1 && name === path[0])?.group ?? group;
}
