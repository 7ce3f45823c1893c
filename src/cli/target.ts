import { branches, catalogue, type Entry } from './catalogue.ts';
import { valued } from './globals.ts';

/** The command that a command line names, before any parsing: only its file is loaded. Options of every command may stand before it. */
export function targetOf(argv: readonly string[]): Entry | undefined {
  const words = operands(argv);
  const [first, second] = words[0] === 'help' ? words.slice(1) : words;
  if (first === undefined) return undefined;
  const inBranch = branches.some((branch) => branch.name === first);
  return catalogue.find(({ path }) => path[0] === first && (!inBranch || path[1] === second));
}

function operands(argv: readonly string[]): readonly string[] {
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
