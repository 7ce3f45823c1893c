import type { Command, Option } from 'commander';
import { catalogue } from '../../src/cli/catalogue.ts';
import { buildProgram } from '../../src/cli/program.ts';
import type { CliContext } from '../../src/cli/context.ts';

/** The words of a command line of syncctl, without the program's name. */
export type Line = readonly string[];

const sink = { write: (): boolean => true };

/** The whole command tree with every command's own options. */
export async function commandTree(): Promise<Command> {
  // Building the tree reads nothing of the context but where text would go.
  const context = { stdout: sink, stderr: sink, env: {}, version: '0' } as unknown as CliContext;
  return buildProgram([], context, () => undefined, true);
}

/** The command lines of syncctl in a piece of code: several may be joined, a remark may follow. */
export function commandLines(code: string): readonly Line[] {
  return wordsOf(code).flatMap((words) => {
    const start = words[0] !== 'sudo' ? 0 : words[1] === '-u' ? 3 : 1;
    return words[start] === 'syncctl' && words.length > start + 1 ? [words.slice(start + 1)] : [];
  });
}

/** The commands of a shell line, each as its words; remarks and redirections are left out. */
function wordsOf(code: string): readonly Line[] {
  const commands: string[][] = [[]];
  for (const match of code.matchAll(/"[^"]*"|'[^']*'|&&|\|\|?|;|[^\s;|&"']+/gu)) {
    const [word] = match;
    if (word.startsWith('#')) break;
    if (/^(?:&&|\|\|?|;)$/u.test(word)) commands.push([]);
    else commands.at(-1)?.push(word.replaceAll(/^["']|["',]$/gu, ''));
  }
  return commands;
}

/** What syncctl would say of a line: an unknown command or option, or one that is missing. */
export function lineProblem(program: Command, line: Line): readonly string[] {
  const shown = `syncctl ${line.join(' ')}`;
  let command = program;
  let rest = [...line];
  for (let next = child(command, rest); next !== undefined; next = child(command, rest)) {
    command = next.command;
    rest = next.rest;
  }
  if (rest[0] === 'help' || rest.some((word) => word === '--help' || word === '--version')) return [];
  // A group of commands may be named as a whole.
  if (command !== program && command.commands.length > 0 && rest.length === 0) return [];
  if (command === program || (command.commands.length > 0 && !isCommand(command)))
    return [`${shown}: no such command`];
  const options = [...command.options, ...program.options];
  const given = rest.filter((word) => /^--?[a-z]/u.test(word)).map((word) => word.split('=')[0] ?? '');
  const unknown = given
    .filter((word) => !options.some((option) => spells(option, word)))
    .map((word) => `${shown}: no option ${word}`);
  // A command that is only named is no command line.
  const demanded = rest.length === 0 ? [] : command.options.filter((option) => option.mandatory);
  const missing = demanded.filter((option) => !given.some((word) => spells(option, word)));
  return [...unknown, ...missing.map((option) => `${shown}: misses ${option.long ?? ''}`)];
}

/** A group may be a command by itself: `history` beside `history show`. */
function isCommand(group: Command): boolean {
  return catalogue.some(({ path }) => path.length === 1 && path[0] === group.name());
}

/** The command that the next plain word names; options of every command and their values may stand before it. */
function child(
  command: Command,
  words: Line,
): { readonly command: Command; readonly rest: string[] } | undefined {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const option = command.options.find((candidate) => spells(candidate, word));
    if (option !== undefined) {
      if (option.required) index += 1;
      continue;
    }
    const found = command.commands.find((candidate) => candidate.name() === word);
    return found === undefined
      ? undefined
      : { command: found, rest: [...words.slice(0, index), ...words.slice(index + 1)] };
  }
  return undefined;
}

function spells(option: Option, word: string): boolean {
  return word === option.long || word === option.short;
}
