import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../lib/errors.ts';
import type { Calls, CallName } from './calls.ts';
import type { Answer, Ask, StoreFailure } from './protocol.ts';

/** A call that the store could not do. */
export class StoreError extends Error {
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure) {
    super(failure.message);
    this.name = 'StoreError';
    this.failure = failure;
  }
}

/** A running worker with the database open. */
export interface StoreClient {
  call<N extends CallName>(name: N, ...args: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>>;
  /** Ends the worker after everything asked so far is on disk. */
  close(): Promise<void>;
}

/** The worker beside this module: `worker.ts` from source, `store/worker.js` from the bundle, whose chunks lie a folder above it. */
function workerFile(): URL {
  const candidates = ['./worker.ts', './worker.js', './store/worker.js'].map(
    (name) => new URL(name, import.meta.url),
  );
  return (
    candidates.find((url) => existsSync(fileURLToPath(url))) ?? new URL('./store/worker.js', import.meta.url)
  );
}

/**
 * Starts the worker on a file.
 * @throws StoreError when the file cannot be used.
 */
export async function openClient(path: string): Promise<StoreClient> {
  const worker = new Worker(workerFile(), {
    workerData: { path },
    name: 'store',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  const opened = Promise.withResolvers<undefined>();
  let gone: Error | undefined;
  let number = 0;
  const end = (error: Error): void => {
    gone ??= error;
    opened.reject(error);
    for (const waiter of pending.values()) waiter.reject(error);
    pending.clear();
  };
  worker.on('message', (message: Answer) => {
    take(message, { pending, opened });
    if (pending.size === 0) worker.unref();
  });
  worker.on('error', (error: unknown) => {
    end(new StoreError({ kind: 'fault', message: `the store's thread failed: ${messageOf(error)}` }));
  });
  worker.on('exit', () => {
    end(new StoreError({ kind: 'fault', message: "the store's thread has ended" }));
  });
  await opened.promise;
  const ask = (message: (asked: number) => Ask): Promise<unknown> => {
    if (gone !== undefined) return Promise.reject(gone);
    number += 1;
    const waiter = Promise.withResolvers<unknown>();
    pending.set(number, waiter);
    // An idle store must not keep the process alive; one with work must.
    worker.ref();
    worker.postMessage(message(number));
    return waiter.promise;
  };
  return {
    call: (name, ...args) =>
      ask((asked) => ({ number: asked, kind: 'call', name, args })) as Promise<
        ReturnType<Calls[typeof name]>
      >,
    close: async () => {
      if (gone !== undefined) return;
      await ask((asked) => ({ number: asked, kind: 'close' }));
      gone ??= new StoreError({ kind: 'fault', message: 'the store is closed' });
      await worker.terminate();
    },
  };
}

interface Waiting {
  readonly pending: Map<number, PromiseWithResolvers<unknown>>;
  readonly opened: PromiseWithResolvers<undefined>;
}

function take(message: Answer, { pending, opened }: Waiting): void {
  if (message.kind === 'opened') {
    if (message.failure === undefined) opened.resolve(undefined);
    else opened.reject(new StoreError(message.failure));
    return;
  }
  const waiter = pending.get(message.number);
  pending.delete(message.number);
  if (message.kind === 'done') waiter?.resolve(message.value);
  else waiter?.reject(new StoreError(message.failure));
}
