import { branches, catalogue } from './catalogue.ts';
import { operands } from './target.ts';

/** A command line that asks for help by the word `help`, before or behind a group, as the one that asks by `--help`. */
export function withoutHelpWord(argv: readonly string[]): readonly string[] {
  const words = operands(argv);
  const asks = words[0] === 'help' || (words[1] === 'help' && isBranch(words[0]));
  if (!asks) return argv;
  const [first, second] = words.filter((word) => word !== 'help');
  if (first === undefined) return ['--help'];
  const path = isBranch(first) && second !== undefined ? [first, second] : [first];
  // A name that is not known is left to the parser, which names the nearest one.
  return isKnown(path) ? [...path, '--help'] : path;
}

function isKnown(path: readonly string[]): boolean {
  if (path.length === 1 && isBranch(path[0])) return true;
  return catalogue.some((entry) => entry.path.join(' ') === path.join(' '));
}

function isBranch(word: string | undefined): boolean {
  return branches.some(({ name }) => name === word);
}
