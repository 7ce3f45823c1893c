import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../lib/errors.ts';
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

type Question = Ask extends infer One ? (One extends Ask ? Omit<One, 'number'> : never) : never;

/** The worker beside this module: `worker.ts` from source, `store/worker.js` from the bundle, whose chunks lie a folder above it. */
function workerFile(): URL {
  const candidates = ['./worker.ts', './worker.js', './store/worker.js'].map(
    (name) => new URL(name, import.meta.url),
  );
  return (
    candidates.find((url) => existsSync(fileURLToPath(url))) ?? new URL('./store/worker.js', import.meta.url)
  );
}

/** The store's thread. All databases of a process share one; it ends with the last of them. */
export class StoreThread {
  private static current: StoreThread | undefined;
  private readonly worker: Worker;
  private readonly pending = new Map<number, PromiseWithResolvers<unknown>>();
  private gone: Error | undefined;
  private asked = 0;
  private users = 0;
  private handles = 0;

  private constructor() {
    this.worker = new Worker(workerFile(), {
      name: 'store',
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.worker.unref();
    this.worker.on('message', (message: Answer) => {
      this.take(message);
    });
    this.worker.on('error', (error: unknown) => {
      this.end(`the store's thread failed: ${messageOf(error)}`);
    });
    this.worker.on('exit', () => {
      this.end("the store's thread has ended");
    });
  }

  /** The running thread, or a new one. @returns it with a handle of its own; `leave` must follow. */
  static join(): { readonly thread: StoreThread; readonly handle: number } {
    const thread = (StoreThread.current ??= new StoreThread());
    thread.users += 1;
    thread.handles += 1;
    return { thread, handle: thread.handles };
  }

  ask(question: Question): Promise<unknown> {
    if (this.gone !== undefined) return Promise.reject(this.gone);
    this.asked += 1;
    const waiter = Promise.withResolvers<unknown>();
    this.pending.set(this.asked, waiter);
    // An idle store must not keep the process alive; one with work must.
    this.worker.ref();
    this.worker.postMessage({ ...question, number: this.asked } satisfies Ask);
    return waiter.promise;
  }

  /** Ends the thread where nobody else uses it. */
  async leave(): Promise<void> {
    this.users -= 1;
    if (this.users > 0) return;
    if (StoreThread.current === this) StoreThread.current = undefined;
    await this.worker.terminate();
  }

  private take(message: Answer): void {
    const waiter = this.pending.get(message.number);
    this.pending.delete(message.number);
    if (this.pending.size === 0) this.worker.unref();
    if (message.kind === 'done') waiter?.resolve(message.value);
    else waiter?.reject(new StoreError(message.failure));
  }

  private end(message: string): void {
    if (StoreThread.current === this) StoreThread.current = undefined;
    this.gone ??= new StoreError({ kind: 'fault', message });
    for (const waiter of this.pending.values()) waiter.reject(this.gone);
    this.pending.clear();
  }
}
