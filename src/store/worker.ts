// The one thread that touches durable.db. An entry of its own in the bundle: the client starts it by its path.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { durableCalls, type Calls } from './calls.ts';
import { openDatabase } from './database.ts';
import { failureOf } from './failure.ts';
import type { Answer, Ask } from './protocol.ts';

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}

function serve(db: DatabaseSync): void {
  const calls = durableCalls(db);
  parentPort?.on('message', (ask: Ask) => {
    try {
      if (ask.kind === 'close') db.close();
      const value = ask.kind === 'close' ? undefined : run(calls, ask.name, ask.args);
      answer({ kind: 'done', number: ask.number, value });
    } catch (error) {
      answer({ kind: 'failed', number: ask.number, failure: failureOf(error) });
    }
    if (ask.kind === 'close') parentPort?.close();
  });
}

function run(calls: Calls, name: string, args: readonly unknown[]): unknown {
  if (!Object.hasOwn(calls, name)) throw new Error(`no call ${name}`);
  // The client's types tie name and arguments together; a message cannot carry types.
  return (calls as Record<string, (...given: readonly unknown[]) => unknown>)[name]?.(...args);
}

try {
  serve(openDatabase((workerData as { path: string }).path));
  answer({ kind: 'opened', failure: undefined });
} catch (error) {
  answer({ kind: 'opened', failure: failureOf(error) });
  parentPort?.close();
}
