/** A time limit ran out. */
export class DeadlineExceeded extends Error {
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`not finished within ${String(deadlineMs)} ms`);
    this.name = 'DeadlineExceeded';
    this.deadlineMs = deadlineMs;
  }
}

/** A signal with an owner: disposing it lets go of its parents and its timer. Use with `using`. */
export interface OwnedSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Fires it by hand. */
  abort(reason?: unknown): void;
}

/** A signal that fires with the first of its parents. Unlike AbortSignal.any it leaves no listener on a parent that lives for ever. */
export function linked(...parents: readonly (AbortSignal | undefined)[]): OwnedSignal {
  const controller = new AbortController();
  const given = parents.filter((parent) => parent !== undefined);
  const follow = given.map((parent) => {
    const listener = (): void => controller.abort(parent.reason);
    if (parent.aborted) listener();
    else parent.addEventListener('abort', listener, { once: true });
    return () => parent.removeEventListener('abort', listener);
  });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const leave of follow) leave();
    },
  };
}

/** A signal that fires with its parent or after `ms` with DeadlineExceeded, whichever is first. */
export function withDeadline(parent: AbortSignal | undefined, ms: number): OwnedSignal {
  const inner = linked(parent);
  const timer = setTimeout(() => inner.abort(new DeadlineExceeded(ms)), ms);
  return {
    ...inner,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      inner[Symbol.dispose]();
    },
  };
}

/**
 * Runs work under a deadline and returns by then even if the work never looks at its signal.
 * @throws DeadlineExceeded, or the parent's reason.
 */
export async function within<T>(
  ms: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = linked(parent);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(reasonOf(controller.signal));
  controller.signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => controller.abort(new DeadlineExceeded(ms)), ms);
  // Both may settle after the race is over; the loser's rejection has nobody waiting for it.
  stopped.catch(() => undefined);
  try {
    controller.signal.throwIfAborted();
    const running = work(controller.signal);
    running.catch(() => undefined);
    return await Promise.race([running, stopped]);
  } finally {
    clearTimeout(timer);
    controller.signal.removeEventListener('abort', stop);
    controller[Symbol.dispose]();
  }
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
