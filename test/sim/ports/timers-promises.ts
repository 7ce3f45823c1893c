// node:timers/promises on virtual time.
import { theWorld } from '../kernel/world.ts';

// One for all: making an error with its stack for each sleep that ends early would be most of a run's work.
const aborted = Object.assign(new Error('The operation was aborted'), {
  name: 'AbortError',
  code: 'ABORT_ERR',
});

interface Options {
  readonly signal?: AbortSignal;
}

/** As the real one: resolves after `ms`, or rejects once the signal fires. */
export function setTimeout<T>(ms: number, value?: T, { signal }: Options = {}): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = (): void => {
    event.cancelled = true;
    reject(aborted);
  };
  const event = theWorld().timer(Math.max(1, ms), () => {
    signal?.removeEventListener('abort', abort);
    resolve(value as T);
  });
  if (signal?.aborted === true) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

export const setImmediate = <T>(value?: T, options?: Options): Promise<T> =>
  setTimeout(0, value as T, options);
