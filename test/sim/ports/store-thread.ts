// src/store/thread.ts in the simulator: the store's thread inside the same thread, answering each question in its turn and after a moment.
import { durableCalls } from '../../../src/store/calls.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { failureOf } from '../../../src/store/failure.ts';
import { historyCalls } from '../../../src/store/history/calls.ts';
import { openHistoryDatabase } from '../../../src/store/history/database.ts';
import type { Ask, StoreFailure } from '../../../src/store/protocol.ts';
import { Killed, mustRun, type SimProcess } from '../kernel/process.ts';
import { theWorld } from '../kernel/world.ts';

type Question = Ask extends infer One ? (One extends Ask ? Omit<One, 'number'> : never) : never;
type CallTable = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;

export class StoreError extends Error {
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure) {
    super(failure.message);
    this.name = 'StoreError';
    this.failure = failure;
  }
}

/** What src/store/worker.ts does with each of its databases. */
const databases: Readonly<Record<string, (path: string) => object>> = {
  durable: (path) => durableCalls(openDatabase(path)),
  history: (path) => historyCalls(openHistoryDatabase(path)),
};

const threads = new WeakMap<SimProcess, StoreThread>();

/** One thread a process, as long as somebody uses it. */
export class StoreThread {
  private readonly process: SimProcess = mustRun();
  private readonly open = new Map<number, CallTable>();
  private handles = 0;
  private freeMs = 0;

  static join(): { readonly thread: StoreThread; readonly handle: number } {
    const process = mustRun();
    const thread = threads.get(process) ?? new StoreThread();
    threads.set(process, thread);
    thread.handles += 1;
    return { thread, handle: thread.handles };
  }

  ask(question: Question): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const world = theWorld();
    this.freeMs = Math.max(this.freeMs, world.nowMs) + this.process.dice.unit() * 1.5;
    const answer = (): void => {
      try {
        resolve(this.serve(question));
      } catch (error) {
        // Nobody is left to hear of a failure that is the kill itself.
        if (!(error instanceof Killed)) reject(new StoreError(failureOf(error)));
      }
    };
    world.after(this.freeMs - world.nowMs, answer, this.process);
    return promise;
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  private serve(question: Question): unknown {
    switch (question.kind) {
      case 'open': {
        const opened = databases[question.database];
        if (opened === undefined) throw new Error(`sim: the database ${question.database} is not modelled`);
        this.open.set(question.handle, opened(question.path) as CallTable);
        return undefined;
      }
      case 'call':
        return this.open.get(question.handle)?.[question.name]?.(...question.args);
      case 'close':
        this.open.delete(question.handle);
        return undefined;
    }
  }
}
