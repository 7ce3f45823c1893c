/** What the worker is asked. The first message is `open`, the last is `close`. */
export type Ask =
  | {
      readonly number: number;
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly unknown[];
    }
  | { readonly number: number; readonly kind: 'close' };

/** What it answers; `opened` comes once, without being asked. */
export type Answer =
  | { readonly kind: 'opened'; readonly failure: StoreFailure | undefined }
  | { readonly kind: 'done'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly number: number; readonly failure: StoreFailure };

/** `damaged`: the file is not a sound database. `newer`: a later program wrote it. `io`: disk full, no rights. `fault`: ours. */
export interface StoreFailure {
  readonly kind: 'damaged' | 'newer' | 'io' | 'fault';
  readonly message: string;
}
