import { waited, type Clock } from '../lib/clock.ts';

const againMs = 30_000;

/** Tries again and again until it succeeds or the signal fires; that it failed at first was told before. */
export async function tryAgain(open: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (await waited(clock, againMs, signal)) {
    const isDone = await open().then(
      () => true,
      () => false,
    );
    if (isDone) return;
  }
}
