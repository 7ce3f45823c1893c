/** Which database a handle opens, and with it what can be asked of it. */
export type DatabaseName = 'durable' | 'history';

/** What the store's thread is asked. A handle is one open database; `open` is the first thing asked of it, `close` the last. */
export type Ask =
  | {
      readonly number: number;
      readonly handle: number;
      readonly kind: 'open';
      readonly database: DatabaseName;
      readonly path: string;
    }
  | {
      readonly number: number;
      readonly handle: number;
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly unknown[];
    }
  | { readonly number: number; readonly handle: number; readonly kind: 'close' };

/** What it answers, to each question once. */
export type Answer =
  | { readonly kind: 'done'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly number: number; readonly failure: StoreFailure };

/** `damaged`: the file is not a sound database. `newer`: a later program wrote it. `io`: disk full, no rights. `fault`: ours. */
export interface StoreFailure {
  readonly kind: 'damaged' | 'newer' | 'io' | 'fault';
  readonly message: string;
}
