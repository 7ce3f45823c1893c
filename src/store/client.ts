import type { Calls } from './calls.ts';
import type { DatabaseName } from './protocol.ts';
import { StoreError, StoreThread } from './thread.ts';

export { StoreError } from './thread.ts';

/** Functions by name, as the thread runs them. */
type CallTable<T> = { readonly [N in keyof T]: (...args: never[]) => unknown };

/** One open database. */
export interface StoreClient<T extends CallTable<T> = Calls> {
  call<N extends keyof T & string>(name: N, ...args: Parameters<T[N]>): Promise<ReturnType<T[N]>>;
  /** Closes it after everything asked so far is on disk. */
  close(): Promise<void>;
}

/**
 * Opens the file of a database in the store's thread.
 * @throws StoreError when the file cannot be used.
 */
export async function openClient<T extends CallTable<T> = Calls>(
  path: string,
  database: DatabaseName,
): Promise<StoreClient<T>> {
  const { thread, handle } = StoreThread.join();
  try {
    await thread.ask({ kind: 'open', handle, database, path });
  } catch (error) {
    await thread.leave();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    call: (name, ...args) => {
      if (closed !== undefined)
        return Promise.reject(new StoreError({ kind: 'fault', message: 'the store is closed' }));
      return thread.ask({ kind: 'call', handle, name, args }) as Promise<ReturnType<T[typeof name]>>;
    },
    close: () => {
      closed ??= thread
        .ask({ kind: 'close', handle })
        .catch(() => undefined)
        .then(() => thread.leave());
      return closed;
    },
  };
}
