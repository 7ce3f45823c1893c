import { CommanderError } from 'commander';
import { SyncError } from '../lib/errors.ts';

/** Commander's ways of having printed help or a version: no failure. */
const finished = new Set(['commander.helpDisplayed', 'commander.version', 'commander.help']);

/** What commander threw: `done` where help or the version was asked for, else a refusal of ours that ends with exit 64. */
export function usageOf(error: unknown, argv: readonly string[]): 'done' | SyncError | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  if (error.code === 'commander.help')
    return error.exitCode === 0
      ? 'done'
      : new SyncError('usage', 'command line: expected a command, got none', { remedy: 'syncctl --help' });
  if (finished.has(error.code)) return 'done';
  const [problem = '', hint] = error.message.replace(/^error: /u, '').split('\n');
  const meant = hint?.replace(/^\(|\)$/gu, '').replace(/^Did you mean /u, 'did you mean ');
  return new SyncError('usage', `command line: ${problem.replace(/\.$/u, '')}`, {
    remedy: meant ?? `syncctl ${helpFor(argv)}`,
  });
}

function helpFor(argv: readonly string[]): string {
  const words = argv.filter((word) => /^[a-z]+$/u.test(word)).slice(0, 1);
  return words.length === 0 ? '--help' : `help ${words.join(' ')}`;
}
