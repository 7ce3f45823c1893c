// The one thread that touches databases, each on its own connection: a second thread would cost a small box 13 MB.
// An entry of its own in the bundle: the thread is started by its path.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { durableCalls } from './calls.ts';
import { openDatabase } from './database.ts';
import { failureOf } from './failure.ts';
import { historyCalls } from './history/calls.ts';
import { openHistoryDatabase } from './history/database.ts';
import type { Answer, Ask } from './protocol.ts';

interface Open {
  readonly db: DatabaseSync;
  readonly calls: object;
}

const handles = new Map<number, Open>();

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}

function serve(ask: Ask): unknown {
  switch (ask.kind) {
    case 'open':
      handles.set(ask.handle, opened(ask));
      return undefined;
    case 'call':
      return run(handles.get(ask.handle)?.calls ?? {}, ask.name, ask.args);
    case 'close':
      handles.get(ask.handle)?.db.close();
      handles.delete(ask.handle);
      return undefined;
  }
}

function opened({ database, path }: Ask & { kind: 'open' }): Open {
  const db = database === 'history' ? openHistoryDatabase(path) : openDatabase(path);
  return { db, calls: database === 'history' ? historyCalls(db) : durableCalls(db) };
}

function run(calls: object, name: string, args: readonly unknown[]): unknown {
  if (!Object.hasOwn(calls, name)) throw new Error(`no call ${name}`);
  // The client's types tie name and arguments together; a message cannot carry types.
  return (calls as Record<string, (...given: readonly unknown[]) => unknown>)[name]?.(...args);
}

parentPort?.on('message', (ask: Ask) => {
  try {
    answer({ kind: 'done', number: ask.number, value: serve(ask) });
  } catch (error) {
    answer({ kind: 'failed', number: ask.number, failure: failureOf(error) });
  }
});
