import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { HistoryApi } from '../contract/history.ts';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { HistoryReader } from '../reconcile/history-reader.ts';
import type { History } from '../reconcile/history.ts';
import type { Durable } from '../store/durable.ts';
import { keepNotes, recentNotes } from '../store/edit-notes.ts';
import type { HistoryCalls } from '../store/history/calls.ts';
import { Recorder } from '../store/history/recorder.ts';
import { HistoryStore } from '../store/history/store.ts';

const revisionMark = 'revision';
const fileIn = (stateDirectory: string): string => join(stateDirectory, 'history.db');

/** Opens the history of a controller: it writes behind, and reads through the same thread. */
export async function openHistory(
  settings: Settings,
  parts: { readonly durable: Durable; readonly clock: Clock; readonly log: Logger },
): Promise<History> {
  const { durable, clock, log } = parts;
  const { stateDirectory } = settings.daemon;
  const store = await HistoryStore.open({
    path: fileIn(stateDirectory),
    clock,
    log,
    // Whoever ran before has left what was in force.
    expected: existsSync(join(stateDirectory, 'effective.json')),
  });
  const recorder = await Recorder.open({
    store,
    clock,
    log,
    retention: () => settings.history,
    notes: () => recentNotes(durable),
    mark: {
      read: async () => {
        const reply = await durable.ask('mark', revisionMark);
        return reply.available ? reply.value : 0;
      },
      raise: async (number) => {
        await durable.ask('raiseMark', revisionMark, number);
      },
    },
  });
  const reader = new HistoryReader(async (name, ...args) => {
    // What was told a moment ago is part of the answer.
    await recorder.flush();
    return store.ask(name, ...args);
  });
  return {
    reader,
    revision: (seen) => {
      recorder.revision(seen);
    },
    push: (push) => {
      recorder.push(push);
    },
    revisionNumber: (digest) => recorder.revisionNumber(digest),
    digestOf: (word) => recorder.digestOf(word),
    noteEdits: async ({ edits, actor }) => {
      const notes = edits.map((edit) => ({ ...edit, who: actor.who, why: actor.reason ?? null }));
      await keepNotes(durable, notes, isoSeconds(clock.now()));
      recorder.attribute(notes);
    },
    close: () => recorder.close(),
  };
}

/**
 * The history as its file has it, read by a command while no daemon runs.
 * @throws SyncError `notFound` where nothing was ever kept, `permission`, or `data` where the file is damaged.
 */
export async function readHistory(stateDirectory: string): Promise<HistoryApi & { close(): Promise<void> }> {
  const path = fileIn(stateDirectory);
  if (!existsSync(path))
    throw new SyncError('notFound', `history: expected ${path}, got none; it begins with the first push`, {
      remedy: 'syncctl push, or start the daemon',
    });
  const [{ DatabaseSync }, { historyCalls }] = await Promise.all([
    import('node:sqlite'),
    import('../store/history/calls.ts'),
  ]);
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    const calls: HistoryCalls = historyCalls(db);
    const reader = new HistoryReader((name, ...args) => {
      try {
        const run = calls[name] as (...given: typeof args) => ReturnType<(typeof calls)[typeof name]>;
        return Promise.resolve(run(...args));
      } catch (error) {
        return Promise.reject(unreadable(path, error));
      }
    });
    // A damaged or foreign file says so at the first look.
    await reader.lastPushes();
    return Object.assign(reader, {
      close: () => {
        db.close();
        return Promise.resolve();
      },
    });
  } catch (error) {
    throw error instanceof SyncError ? error : unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): SyncError {
  const code = (error as { errcode?: unknown }).errcode;
  const denied = code === 14 || code === 3 || code === 8;
  return new SyncError(
    denied ? 'permission' : 'data',
    `${path}: expected a history that can be read, got ${messageOf(error)}`,
    {
      remedy: denied
        ? 'run it with sudo'
        : 'start the daemon: it moves a damaged history aside and begins anew',
      cause: error,
    },
  );
}
