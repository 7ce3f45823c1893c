import type { HistoryApi } from '../contract/history.ts';
import { SyncError } from '../lib/errors.ts';
import { splitWord } from '../reconcile/revision-words.ts';
import type { Call } from './call.ts';
import { wrongWord } from './words.ts';

/**
 * What was: from the daemon where it runs, else from its file, which is only read. A daemon that has died and left its socket
 * keeps nobody from reading what it has kept.
 */
export async function openHistory(call: Call): Promise<HistoryApi> {
  const { daemon } = await call.settings();
  const { connectDaemon } = await import('../contract/client.ts');
  const client = await connectDaemon(daemon.socket).catch((error: unknown) => {
    if (!(error instanceof SyncError) || error.exit !== 'unavailable') throw error;
    call.note('warn', `${error.message}; the history is read from its file`);
    return undefined;
  });
  if (client !== undefined) return (await call.keep(Promise.resolve(client))).history;
  const { readHistory } = await import('../compose/history.ts');
  return call.keep(readHistory(daemon.stateDirectory));
}

/** What the arguments that name a revision say of it. */
export const revisionWords =
  'R12, 12, the beginning of a digest, latest or previous; of several sources the share of one as east/R12';

/**
 * A word of a command as the history takes it: with `--source east` it is the share of east in that revision.
 * @throws SyncError `usage` where the word names another source itself.
 */
export function revisionWord(call: Call, word: string): string {
  const { source } = call.globals;
  const { source: named } = splitWord(word);
  if (source === undefined || named === source) return word;
  if (named === undefined) return `${source}/${word}`;
  throw wrongWord(
    { place: '--source', expected: `${named}, as in ${word}`, remedy: 'name the source once' },
    source,
  );
}

/** The number of an option that counts things. */
export function countOf(word: string, place: string): number {
  const count = /^\d{1,5}$/u.test(word) ? Number(word) : 0;
  if (count >= 1) return count;
  throw wrongWord({ place, expected: 'a number from 1 to 99999', remedy: 'leave it out' }, word);
}

/** `R12`. */
export function revisionName(number: number | null): string {
  return number === null ? '-' : `R${String(number)}`;
}
