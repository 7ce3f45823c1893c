import { branches, catalogue, type Entry } from './catalogue.ts';
import { valued } from './globals.ts';

/** The command that a command line names, before any parsing: only its file is loaded. Options of every command may stand before it. */
export function targetOf(argv: readonly string[]): Entry | undefined {
  const [first, second] = operands(argv);
  if (first === undefined) return undefined;
  const inBranch = branches.some((branch) => branch.name === first);
  const named = catalogue.find(({ path }) => path[0] === first && path.length > 1 && path[1] === second);
  // A command may have others below it: `history` and `history show`.
  return named ?? catalogue.find(({ path }) => path[0] === first && path.length === 1 && !inBranch);
}

/** The first plain words of a command line: the command's name and what follows it. */
export function operands(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length && words.length < 3; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') {
      if (valued.has(word)) index += 1;
      continue;
    }
    words.push(word);
  }
  return words;
}
