/** Wakes whoever waits for something to become true. */
export class Bell {
  readonly #sleepers = new Set<() => void>();

  /** Something has changed: everybody looks again. */
  ring(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Resolves with the first value that is not undefined, asked again with every ring. Rejects with the signal's reason. */
  async when<T>(ask: () => T | undefined, signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const value = ask();
      if (value !== undefined) return value;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => {
        resolve(undefined);
      };
      this.#sleepers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      this.#sleepers.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }
}
