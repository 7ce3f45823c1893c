import { connect } from 'node:net';
import type { NodeId } from '../model/node.ts';
import type { Clock } from '../lib/clock.ts';
import { jittered, type Random } from '../lib/random.ts';

export interface PresenceSettings {
  readonly probeMs: number;
  readonly rampAfterMs: number;
  readonly slowProbeMs: number;
  readonly maxPerSecond: number;
  readonly dialMs: number;
}

interface Absent {
  readonly host: string;
  readonly port: number;
  readonly sinceMs: number;
  nextMs: number;
}

/** Asks absent nodes on one wheel whether their SSH port accepts again, and says so once. It never logs in. */
export class Presence {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly settings: PresenceSettings;
  private readonly onReturn: (id: NodeId) => void;
  private readonly absent = new Map<NodeId, Absent>();
  private someone = Promise.withResolvers<undefined>();

  constructor(parts: {
    clock: Clock;
    random: Random;
    settings: PresenceSettings;
    onReturn: (id: NodeId) => void;
  }) {
    this.clock = parts.clock;
    this.random = parts.random;
    this.settings = parts.settings;
    this.onReturn = parts.onReturn;
  }

  /** Starts probing a node; a node already probed keeps its schedule. */
  watch(id: NodeId, host: string, port: number): void {
    if (this.absent.has(id)) return;
    const now = this.clock.monotonic();
    this.absent.set(id, { host, port, sinceMs: now, nextMs: now + this.period(0) });
    this.someone.resolve(undefined);
  }

  /** Stops probing a node. */
  forget(id: NodeId): void {
    this.absent.delete(id);
  }

  /** Turns the wheel until the signal fires; it stands still while nobody is absent. */
  async run(signal: AbortSignal): Promise<void> {
    const tickMs = 250;
    const perTick = Math.max(1, Math.floor((this.settings.maxPerSecond * tickMs) / 1000));
    while (!signal.aborted) {
      if (this.absent.size === 0) await this.anyAbsent(signal);
      await this.clock.sleep(jittered(tickMs, 0.1, this.random), signal).catch(() => undefined);
      const now = this.clock.monotonic();
      const due = [...this.absent]
        .filter(([, node]) => node.nextMs <= now)
        .sort((a, b) => a[1].nextMs - b[1].nextMs);
      for (const [id, node] of due.slice(0, perTick)) {
        node.nextMs = now + this.period(now - node.sinceMs) + this.settings.dialMs;
        void this.probe(id, node, signal);
      }
    }
  }

  private async anyAbsent(signal: AbortSignal): Promise<void> {
    this.someone = Promise.withResolvers<undefined>();
    const { resolve, promise } = this.someone;
    const onAbort = (): void => {
      resolve(undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    await promise;
    signal.removeEventListener('abort', onAbort);
  }

  private period(absentMs: number): number {
    const { probeMs, slowProbeMs, rampAfterMs } = this.settings;
    return jittered(absentMs > rampAfterMs ? slowProbeMs : probeMs, 0.2, this.random);
  }

  private async probe(id: NodeId, node: Absent, signal: AbortSignal): Promise<void> {
    const accepts = await accepting(node, this.settings.dialMs, signal);
    node.nextMs = Math.min(
      node.nextMs,
      this.clock.monotonic() + this.period(this.clock.monotonic() - node.sinceMs),
    );
    if (accepts && this.absent.delete(id)) this.onReturn(id);
  }
}

/** True when the port accepts a connection and says something within the time: a blackholed or half-dead host does neither. */
async function accepting(
  node: { host: string; port: number },
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: node.host, port: node.port });
  const onAbort = (): void => {
    resolve(false);
  };
  const timer = setTimeout(onAbort, ms);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('data', () => {
    resolve(true);
  });
  socket.once('error', onAbort);
  socket.once('close', onAbort);
  const accepts = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  socket.destroy();
  return accepts;
}
