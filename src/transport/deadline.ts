import { TransportFailure } from './transport.ts';

/** What is being waited for. */
export type Phase = 'turn' | 'dial' | 'handshake' | 'auth' | 'channel' | 'exec';

/** The time limit of one whole exchange, joined with the caller's own signal; `phase` tells what running out of time means. */
export class Deadline implements Disposable {
  phase: () => Phase = () => 'dial';
  started = false;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal;
  readonly #onOuter: () => void;

  constructor(ms: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#onOuter = () => {
      this.#controller.abort(outer.reason);
    };
    this.#timer = setTimeout(() => {
      this.#controller.abort(lateFailure(this.phase(), ms, this.started));
    }, ms);
    outer.addEventListener('abort', this.#onOuter, { once: true });
    if (outer.aborted) this.#onOuter();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the work; rejects with the signal's reason when that comes first. The work's own late failure is swallowed. */
  wait<T>(work: Promise<T>): Promise<T> {
    return abortable(work, this.signal);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onOuter);
  }
}

/** What it means that an exchange's time ran out in a phase. */
export function lateFailure(phase: Phase, ms: number, started: boolean): TransportFailure {
  const reached = phase === 'auth' || phase === 'channel' || phase === 'exec';
  const limit = `${String(ms)} ms`;
  if (phase === 'exec')
    return new TransportFailure('deadline', `no end of the command within ${limit}`, true, { started });
  if (phase === 'turn')
    return new TransportFailure(
      'throttled',
      `no turn to log in within ${limit}: logins of ours are spaced`,
      false,
    );
  const what = {
    dial: 'no connection',
    handshake: 'no SSH handshake',
    auth: 'no answer to the login',
    channel: 'no channel',
  }[phase];
  return new TransportFailure('timeout', `${what} within ${limit}`, reached);
}

/** Waits for the work or for the signal, whichever comes first. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  work.then(resolve, reject).finally(() => {
    signal.removeEventListener('abort', onAbort);
  });
  return promise;
}

/** Waits for the work, at most `ms`; then rejects with what `late` makes. No timer outlives it. */
export function limited<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => {
    reject(late());
  }, ms);
  work.then(resolve, reject).finally(() => {
    clearTimeout(timer);
  });
  return promise;
}
