import type { NodeId } from '../model/node.ts';
import type { Clock } from '../lib/clock.ts';
import { jittered, type Random } from '../lib/random.ts';
import { accepting } from './probe.ts';

export interface PresenceSettings {
  readonly probeMs: number;
  readonly rampAfterMs: number;
  readonly slowProbeMs: number;
  readonly maxPerSecond: number;
  readonly dialMs: number;
}

/** A node that nobody reaches. */
export interface Absent {
  readonly host: string;
  readonly port: number;
  readonly sinceMs: number;
  nextMs: number;
  /** Until then it is looked for at the fast pace, however long it was away. */
  eagerMs: number;
}

interface PresenceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: PresenceSettings;
  readonly onReturn: (id: NodeId) => void;
}

// The wheel turns in steps of this: what is due at once is spread over them.
const stepMs = 100;
// A link that flaps must not make a storm of it.
const sweepEveryMs = 3_000;
// A machine that has just come up needs a while until its sshd answers.
const eagerMs = 60_000;

/** Asks absent nodes on one wheel whether their SSH port accepts again, and says so once. It never logs in. */
export class Presence {
  private readonly parts: PresenceParts;
  private readonly absentees = new Map<NodeId, Absent>();
  private readonly stepMs: number;
  private readonly perStep: number;
  private readonly sleepers = new Set<() => void>();
  private sweepMs = -Infinity;

  constructor(parts: PresenceParts) {
    this.parts = parts;
    const { maxPerSecond } = parts.settings;
    this.stepMs = Math.max(stepMs, 1_000 / maxPerSecond);
    this.perStep = Math.max(1, Math.floor((maxPerSecond * this.stepMs) / 1_000));
  }

  /** Who is looked for. */
  get absent(): ReadonlyMap<NodeId, Readonly<Absent>> {
    return this.absentees;
  }

  /** Starts probing a node; a node already probed keeps its schedule. */
  watch(id: NodeId, host: string, port: number): void {
    if (this.absentees.has(id)) return;
    const now = this.parts.clock.monotonic();
    const nextMs = now + this.period({ sinceMs: now, eagerMs: 0 }, now);
    this.absentees.set(id, { host, port, sinceMs: now, nextMs, eagerMs: 0 });
    this.stir();
  }

  /** Stops probing a node. */
  forget(id: NodeId): void {
    this.absentees.delete(id);
  }

  /** Somebody says that a node is back: it is probed next, and often for a while. It is not back until it answers. */
  hint(id: NodeId): void {
    const node = this.absentees.get(id);
    if (node === undefined) return;
    const now = this.parts.clock.monotonic();
    Object.assign(node, { nextMs: -Infinity, eagerMs: now + eagerMs });
    this.stir();
  }

  /** Probes everybody now, as fast as the cap allows; a second time within a few seconds only at their end. */
  sweep(): void {
    const now = this.parts.clock.monotonic();
    if (this.sweepMs > now) return;
    this.sweepMs = Math.max(now, this.sweepMs + sweepEveryMs);
    for (const node of this.absentees.values()) node.nextMs = Math.min(node.nextMs, this.sweepMs);
    this.stir();
  }

  /** Turns the wheel until the signal fires; it stands still while nobody is due. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.parts;
    while (await this.isDue(signal)) {
      this.step(clock.monotonic(), signal);
      // Only ever longer: no second may hold more steps than make up the cap.
      await clock.sleep(jittered(this.stepMs * 1.1, 0.09, random), signal).catch(() => undefined);
    }
  }

  /** Waits until somebody is absent. */
  async anyAbsent(signal: AbortSignal): Promise<void> {
    while (this.absentees.size === 0 && !signal.aborted) await this.stirred(signal);
  }

  private step(now: number, signal: AbortSignal): void {
    const due = [...this.absentees].filter(([, { nextMs }]) => nextMs <= now);
    due.sort((a, b) => a[1].nextMs - b[1].nextMs || b[1].sinceMs - a[1].sinceMs);
    for (const [id, node] of due.slice(0, this.perStep)) {
      // From start to start, so that a silent host is asked as often as one that refuses.
      node.nextMs = now + Math.max(this.period(node, now), this.parts.settings.dialMs);
      void this.probe(id, node, signal);
    }
  }

  private period({ sinceMs, eagerMs: until }: Pick<Absent, 'sinceMs' | 'eagerMs'>, now: number): number {
    const { probeMs, slowProbeMs, rampAfterMs } = this.parts.settings;
    const isSlow = now - sinceMs > rampAfterMs && now > until;
    return jittered(isSlow ? slowProbeMs : probeMs, 0.2, this.parts.random);
  }

  private async probe(id: NodeId, node: Absent, signal: AbortSignal): Promise<void> {
    const accepts = await accepting(node, this.parts.settings.dialMs, signal);
    // Meanwhile it may have been found by an earlier probe, or forgotten.
    if (!accepts || this.absentees.get(id) !== node) return;
    this.absentees.delete(id);
    this.parts.onReturn(id);
  }

  /** Waits until somebody is to be asked; false when the signal has fired. */
  private async isDue(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      let nextMs = Infinity;
      for (const node of this.absentees.values()) nextMs = Math.min(nextMs, node.nextMs);
      const waitMs = nextMs - this.parts.clock.monotonic();
      if (waitMs <= 0) return true;
      await this.stirred(signal, waitMs);
    }
    return false;
  }

  private stir(): void {
    for (const wake of this.sleepers) wake();
  }

  private async stirred(signal: AbortSignal, ms = Infinity): Promise<void> {
    const end = new AbortController();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      resolve(undefined);
    };
    this.sleepers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
    if (ms !== Infinity) void this.parts.clock.sleep(ms, end.signal).then(wake, wake);
    await promise;
    end.abort();
    this.sleepers.delete(wake);
    signal.removeEventListener('abort', wake);
  }
}
