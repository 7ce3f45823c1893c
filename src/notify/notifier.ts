import type { NotifySettings } from '../config/notify-schema.ts';
import { within } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { evidenceOf } from '../lib/text.ts';
import type { NodeId } from '../model/node.ts';
import { Batch } from '../status/batch.ts';
import type { StatusChange } from '../status/ledger.ts';
import type { Condition, ConditionKey } from './alert.ts';
import type { Target } from './delivery.ts';
import { Incidents } from './incidents.ts';
import { nothing, type NotifyMemory } from './memory.ts';
import { Outbox } from './outbox.ts';
import { targetOf } from './target.ts';
import {
  conditionOf,
  readCondition,
  readStatus,
  subjectOf,
  type Reading,
  type SubjectId,
} from './trouble.ts';
import { alertOf, testAlert, type NamedNode } from './wording.ts';

export interface NotifierParts {
  readonly settings: NotifySettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly memory: NotifyMemory;
  /** The row of a node; undefined where there is none. */
  readonly nodeOf: (id: NodeId) => NamedNode | undefined;
  /** How messages call the cluster. */
  readonly cluster: () => string;
}

/** What came of one test message. */
export interface TestResult {
  readonly target: string;
  readonly kind: string;
  readonly place: string;
  readonly ok: boolean;
  /** Why it was not taken, in one sentence; empty where it was. */
  readonly reason: string;
  readonly tookMs: number;
}

/** How it goes with one target. */
export interface TargetHealth {
  readonly target: string;
  readonly waiting: number;
  readonly lost: number;
  readonly failing: boolean;
}

// Written at most this often: an incident of a thousand nodes changes with each of them.
const saveMs = 5_000;

/** Tells people of incidents. Everything it is told of takes a step of constant cost; all else happens in its own time. */
export class Notifier {
  private readonly parts: NotifierParts;
  private readonly incidents: Incidents;
  private readonly outboxes: ReadonlyMap<string, Outbox>;
  private readonly targets: readonly Target[];
  private readonly batch: Batch;
  private timer: { readonly at: number; readonly stop: AbortController } | undefined;
  private closed = false;
  private faulty = false;

  constructor(parts: NotifierParts) {
    this.parts = parts;
    const { settings, clock, random, log } = parts;
    this.incidents = new Incidents({ clock, random, pace: settings });
    this.batch = new Batch({
      clock,
      everyMs: saveMs,
      write: () => this.save(),
      onFailure: (error) =>
        log.warn('incidents cannot be remembered over a restart', { reason: messageOf(error) }),
    });
    const onChange = (): void => this.batch.mark();
    this.targets = settings.targets.map((target) => targetOf(target, () => clock.now()));
    this.outboxes = new Map(
      this.targets.map((target) => [target.name, new Outbox({ target, clock, random, log, onChange })]),
    );
  }

  /** Takes up what was told before a restart. Call it before the first change. */
  async open(): Promise<void> {
    const { memory, log } = this.parts;
    const { incidents, waiting } = await memory.load().catch((error: unknown) => {
      log.warn('what was told before the restart cannot be read; what still fails is told again', {
        reason: evidenceOf(messageOf(error)),
      });
      return nothing;
    });
    for (const incident of incidents) this.incidents.restore(incident);
    for (const [name, alerts] of waiting) for (const alert of alerts) this.outboxes.get(name)?.push(alert);
    if (incidents.length > 0) this.schedule(this.parts.clock.monotonic());
  }

  /** Takes one change of a node's status; give it to `Book.subscribe`. It never throws and never waits. */
  readonly status = (change: StatusChange): void => {
    this.guarded(() => {
      const { id, current } = change;
      // A node that is gone fails no more; were it forgotten with its past, one that comes and goes would be news each time.
      this.observe(id, current === undefined ? 'well' : readStatus(current, this.parts.settings));
    });
  };

  /** Takes one condition of the controller; saying the same again costs nothing. Say every one at least once after a start. */
  condition(key: ConditionKey, condition: Condition): void {
    this.guarded(() => this.observe(subjectOf(key), readCondition(key, condition)));
  }

  /** Tells which nodes are registered: after a restart, one that was removed meanwhile would stay failing for ever. */
  registered(nodes: { has(id: NodeId): boolean }): void {
    this.guarded(() => {
      for (const id of this.incidents.ids()) if (!isCondition(id) && !nodes.has(id)) this.observe(id, 'well');
    });
  }

  /** Sends one test message to a target, past everything that waits. */
  async test(name: string): Promise<TestResult> {
    const target = this.targets.find((one) => one.name === name);
    if (target === undefined) throw unknownTarget(name, this.targets);
    return await testTarget(target, this.parts);
  }

  /** How it goes with each target, for `health` and the metrics. */
  health(): readonly TargetHealth[] {
    return [...this.outboxes].map(([target, outbox]) => ({ target, ...outbox.health() }));
  }

  /** Incidents that are told and not over. */
  openIncidents(): number {
    return this.incidents.current().size;
  }

  /** Ends: what is being delivered gets this long, what is left waits for the next start. */
  async close(ms = 2_000): Promise<void> {
    this.closed = true;
    this.timer?.stop.abort();
    await Promise.all([...this.outboxes.values()].map((outbox) => outbox.close(ms)));
    this.batch.mark();
    await this.batch.flush().catch((error: unknown) => {
      this.parts.log.warn('incidents cannot be remembered over a restart', { reason: messageOf(error) });
    });
    this.batch.close();
  }

  private observe(id: SubjectId, reading: Reading): void {
    this.schedule(this.incidents.observe(id, reading));
  }

  /** Looks again at that moment, unless it looks sooner anyway. */
  private schedule(at: number | undefined): void {
    if (at === undefined || this.closed || (this.timer !== undefined && this.timer.at <= at)) return;
    this.timer?.stop.abort();
    const stop = new AbortController();
    const timer = { at, stop };
    this.timer = timer;
    const { clock } = this.parts;
    void clock.sleep(Math.max(0, at - clock.monotonic()), stop.signal).then(
      () => {
        if (this.timer === timer) this.timer = undefined;
        this.guarded(() => this.tell());
      },
      () => undefined,
    );
  }

  private tell(): void {
    if (this.closed) return;
    const { clock, settings, nodeOf, cluster, log } = this.parts;
    const { news, dueAt } = this.incidents.advance();
    for (const one of news) {
      const words = { nodeOf, cluster: cluster(), names: settings.names, nowMs: clock.now() };
      const alert = alertOf(one, words);
      log.debug('told', { incident: alert.incident, status: alert.status, summary: alert.summary });
      for (const outbox of this.outboxes.values()) outbox.push(alert);
    }
    this.batch.mark();
    this.schedule(dueAt);
  }

  private save(): Promise<void> {
    return this.parts.memory.save({
      incidents: [...this.incidents.current()],
      waiting: new Map([...this.outboxes].map(([name, outbox]) => [name, outbox.waiting()])),
    });
  }

  /** A fault of ours must not reach who reports a status: it would end a push. */
  private guarded(work: () => void): void {
    if (this.closed) return;
    try {
      work();
    } catch (error) {
      if (!this.faulty) this.parts.log.error('notifications have a fault; pushing goes on', { error });
      this.faulty = true;
    }
  }
}

/** Sends one test message; also without a daemon. It always resolves. */
export async function testTarget(
  target: Target,
  { clock, cluster }: Pick<NotifierParts, 'clock' | 'cluster'>,
): Promise<TestResult> {
  const { name, kind, place, timeoutMs } = target;
  const began = clock.monotonic();
  const alert = testAlert({ cluster: cluster(), nowMs: clock.now() });
  const reason = await within(timeoutMs, undefined, (signal) => target.send({ alert, lost: 0 }, signal)).then(
    () => '',
    (error: unknown) => messageOf(error),
  );
  const tookMs = Math.round(clock.monotonic() - began);
  return { target: name, kind, place, ok: reason === '', reason, tookMs };
}

function isCondition(id: SubjectId): id is Exclude<SubjectId, NodeId> {
  return conditionOf(id) !== undefined;
}

function unknownTarget(name: string, targets: readonly Target[]): SyncError {
  const known = targets.map((target) => target.name).join(', ');
  return new SyncError(
    'notFound',
    `notify.targets: expected ${known === '' ? 'a target, and there is none' : `one of ${known}`}, got ${JSON.stringify(name)}`,
  );
}
