import type { Clock } from '../lib/clock.ts';

/** The time for which a verified batch is watched: it runs once, then the batch is looked at, then it is over. */
export class Soak {
  private readonly clock: Clock;
  private readonly onEnd: () => void;
  private state: 'none' | 'running' | 'over' | 'looked' = 'none';
  private stop = new AbortController();

  constructor(clock: Clock, onEnd: () => void) {
    this.clock = clock;
    this.onEnd = onEnd;
  }

  isRunning(): boolean {
    return this.state === 'running';
  }

  /** Where the watch stands: `look` is answered once, after its time. */
  pass(ms: number, signal: AbortSignal | undefined): 'running' | 'look' | 'done' {
    if (ms === 0 || this.state === 'looked') return 'done';
    if (this.state === 'over') {
      this.state = 'looked';
      return 'look';
    }
    if (this.state === 'none') this.start(ms, signal);
    return 'running';
  }

  reset(): void {
    this.stop.abort();
    this.state = 'none';
  }

  private start(ms: number, signal: AbortSignal | undefined): void {
    this.state = 'running';
    this.stop = new AbortController();
    const { signal: own } = this.stop;
    const until = signal === undefined ? own : AbortSignal.any([own, signal]);
    void this.clock.sleep(ms, until).then(
      () => {
        this.state = 'over';
        this.onEnd();
      },
      () => undefined,
    );
  }
}
