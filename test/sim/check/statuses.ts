import { causeOf } from '../../../src/model/cause.ts';
import type { NodeStatus } from '../../../src/model/status.ts';
import type { StatusChange } from '../../../src/status/ledger.ts';
import type { SimProcess } from '../kernel/process.ts';
import { Violation } from '../kernel/world.ts';
import type { Truth } from '../node/node.ts';

// Two passes of three attempts; one that a person or an edit cut short may lie between them.
const attemptsUntilError = 8;
const attemptsOfPass = 3;
const shortMs = 4_000;
const minuteMs = 60_000;
const newsInAMinute = 3;
const untried = new Set([
  'paused',
  'frozen',
  'waiting_retry',
  'hostkey_unpinned',
  'rollout_waiting',
  'drift_observed',
]);

/** Judges every status that a controller states: I3, and that offline is never an error and a lasting failure always one. */
export class Statuses {
  private readonly failures = new Map<SimProcess, Map<string, number>>();
  private readonly known: (process: SimProcess, address: string) => Truth | undefined;
  private readonly keepsMore: (process: SimProcess) => boolean;
  private readonly now: () => number;
  private readonly lastFailure = new Map<string, number>();
  private readonly hurried = new Map<string, number[]>();

  constructor(parts: {
    /** What the process was last told of a node. */
    readonly known: (process: SimProcess, address: string) => Truth | undefined;
    /** It has never seen a complete source: nodes keep names that its plan does not know. */
    readonly keepsMore: (process: SimProcess) => boolean;
    readonly now: () => number;
  }) {
    this.known = parts.known;
    this.keepsMore = parts.keepsMore;
    this.now = parts.now;
  }

  judge(process: SimProcess, { id, previous, current }: StatusChange): void {
    // A row that went takes along what was known of its node.
    if (current === undefined) this.failures.get(process)?.delete(id);
    if (current === undefined || current.hint) return;
    if (current.state === 'active') {
      this.active(process, id, { previous, current });
      // Moments are told in seconds: a success in the second of a failure does not show as another attempt.
      this.failures.get(process)?.delete(id);
    }
    if (current.state === 'error' && current.cause !== undefined && causeOf(current.cause).offline)
      throw new Violation('status', `${id} is error/${current.cause}: a node that is away is no error`);
    // A newer plan is told, too, and is no attempt.
    if (current.lastAttempt !== previous?.lastAttempt) this.count(process, id, current);
  }

  /** A node that fails is left alone for some seconds: only news brings an attempt sooner, and news are few. */
  private gap(key: string): void {
    const nowMs = this.now();
    const recent = (this.hurried.get(key) ?? []).filter((atMs) => nowMs - atMs < minuteMs);
    if (nowMs - (this.lastFailure.get(key) ?? -Infinity) < shortMs) recent.push(nowMs);
    this.lastFailure.set(key, nowMs);
    this.hurried.set(key, recent);
    if (recent.length > newsInAMinute)
      throw new Violation(
        'retry',
        `${key} was tried again at once ${String(recent.length)} times within a minute`,
      );
  }

  /** Something new is to be tried: a pass that was under way begins anew, those that had ended stay. */
  news(): void {
    this.hurried.clear();
    for (const failures of this.failures.values())
      for (const [id, count] of failures) failures.set(id, count - (count % attemptsOfPass));
  }

  /** A person asks for a push: passes begin anew. */
  restart(): void {
    this.failures.clear();
  }

  private active(
    process: SimProcess,
    id: string,
    { previous, current }: { previous: NodeStatus | undefined; current: NodeStatus },
  ): void {
    if (current.installed !== current.desired && !this.keepsMore(process))
      throw new Violation(
        'I3',
        `${id} is active with ${current.installed ?? 'nothing'} and wants ${current.desired ?? 'nothing'}`,
      );
    // What was active stays so while nobody may ask it.
    if (previous?.state === 'active' && !previous.hint && previous.lastSync === current.lastSync) return;
    const truth = this.known(process, id.slice(id.indexOf('@') + 1));
    if (truth === undefined) throw new Violation('I3', `${id} is active and never answered`);
    if (truth.sha !== current.installed)
      throw new Violation('I3', `${id} is active with ${current.installed ?? ''} while it held ${truth.sha}`);
    if (!truth.rungs) throw new Violation('I3', `${id} is active while its consumer served something else`);
  }

  /** Failed attempts in a row at a node that answers must end in `error`. */
  private count(process: SimProcess, id: string, current: NodeStatus): void {
    const failures = this.failures.get(process) ?? new Map<string, number>();
    this.failures.set(process, failures);
    const { cause } = current;
    if (cause === undefined || causeOf(cause).offline || untried.has(cause)) {
      failures.delete(id);
      return;
    }
    const count = (failures.get(id) ?? 0) + 1;
    failures.set(id, count);
    this.gap(`${process.name} ${id}`);
    if (count >= attemptsUntilError && current.state !== 'error' && cause !== 'fenced')
      throw new Violation(
        'status',
        `${id} failed ${String(count)} times in a row (${cause}) and is ${current.state}`,
      );
  }
}
