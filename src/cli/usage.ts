import { CommanderError } from 'commander';
import { SyncError } from '../lib/errors.ts';
import { branches, catalogue } from './catalogue.ts';
import { operands } from './target.ts';
import { shown } from './words.ts';

/** Commander's ways of having printed help or a version: no failure. */
const finished = new Set(['commander.helpDisplayed', 'commander.version', 'commander.help']);

/** What commander threw: `done` where help or the version was asked for, else a refusal of ours that ends with exit 64. */
export function usageOf(error: unknown, argv: readonly string[]): 'done' | SyncError | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  const path = pathOf(argv);
  if (error.code === 'commander.help' && error.exitCode !== 0)
    return refusal(`command line: expected ${commandsAfter(path)}, got nothing`, helpFor(path));
  if (finished.has(error.code)) return 'done';
  const message = error.message.replace(/^error: /u, '');
  const { sentence, hint } = translated(message, path);
  return refusal(sentence, hint === undefined ? helpFor(path) : `did you mean ${hint}?`);
}

interface Translated {
  readonly sentence: string;
  /** The nearest word that exists, where there is one. */
  readonly hint?: string | undefined;
}

type Translation = (parts: readonly string[], path: string) => string;

/** Commander's sentences, each with what it comes to in ours: the place, what was expected, what was found. */
const translations: readonly (readonly [RegExp, Translation])[] = [
  [
    /^unknown command '([\s\S]*)'$/u,
    ([word], path) => `command line: expected ${commandsAfter(path)}, got ${shown(word)}`,
  ],
  [
    /^unknown option '([\s\S]*)'$/u,
    ([word], path) => `command line: expected an option of ${path}, got ${shown(word)}`,
  ],
  [
    /^missing required argument '(.*)'$/u,
    ([name = ''], path) => `command line: expected <${name}> after ${path}, got nothing`,
  ],
  [
    /^required option '(?:-\w, )?(--\S+) (.*)' not specified$/u,
    ([option = '', value = ''], path) =>
      `command line: expected ${option} ${value} after ${path}, got nothing`,
  ],
  [
    /^option '(?:-\w, )?(--\S+) (.*)' argument missing$/u,
    ([option = '', value = '']) => `command line: expected ${value} after ${option}, got nothing`,
  ],
  [
    /^option '(?:-\w, )?(--\S+) .*' argument '([\s\S]*)' is invalid\. Allowed choices are (.*)\.$/u,
    ([option = '', word, choices = '']) => `${option}: expected one of ${choices}, got ${shown(word)}`,
  ],
  [
    /^too many arguments(?: for '.*')?\. Expected (\d+) arguments? but got \d+: ([\s\S]*)\.$/u,
    ([limit = '', words], path) =>
      `command line: expected ${limit === '0' ? 'nothing more' : `at most ${limit} ${limit === '1' ? 'word' : 'words'}`} after ${path}, got ${shown(words)}`,
  ],
];

function translated(message: string, path: string): Translated {
  const [, problem = '', meant] = /^([\s\S]*?)(?:\n\(Did you mean (.*)\?\))?$/u.exec(message) ?? [];
  for (const [pattern, translation] of translations) {
    const parts = pattern.exec(problem);
    if (parts !== null) return { sentence: translation(parts.slice(1), path), hint: meant };
  }
  return { sentence: `command line: ${problem.replace(/\.$/u, '')}`, hint: meant };
}

function refusal(sentence: string, remedy: string): SyncError {
  return new SyncError('usage', sentence, { remedy });
}

/** The command as far as its words are known: `syncctl node add`, `syncctl node`, `syncctl`. */
function pathOf(argv: readonly string[]): string {
  const [first, second] = operands(argv);
  if (branches.some(({ name }) => name === first)) {
    const entry = catalogue.find(({ path }) => path[0] === first && path[1] === second);
    return ['syncctl', ...(entry?.path ?? [first])].join(' ');
  }
  const entry = catalogue.find(({ path }) => path.length === 1 && path[0] === first);
  return ['syncctl', ...(entry?.path ?? [])].join(' ');
}

/** What may follow a group, or the name of the program itself. */
function commandsAfter(path: string): string {
  const [, group] = path.split(' ');
  if (group === undefined) return 'a command';
  const names = catalogue.filter((entry) => entry.path[0] === group).map((entry) => entry.path[1]);
  return `one of ${names.join(', ')} after ${path}`;
}

function helpFor(path: string): string {
  return path === 'syncctl' ? 'syncctl --help' : path.replace(/^syncctl/u, 'syncctl help');
}
