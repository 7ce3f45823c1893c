import { causeOf, causes, type CauseClass } from '../../model/cause.ts';
import type { Clock } from '../../lib/clock.ts';
import { urgencies } from '../../reconcile/queue.ts';
import type { NewPush, PhasesRow } from '../../store/history/records.ts';
import type { SeenRevision } from '../../store/history/recorder.ts';
import type { Instruments } from './instruments.ts';
import { courses, OpenChanges } from './open-changes.ts';

const results = ['changed', 'unchanged', 'failed', 'held'] as const;
type Result = (typeof results)[number];

const phases = {
  wait: 'waitMs',
  dial: 'dialMs',
  exchange: 'exchangeMs',
  verify: 'verifyMs',
} as const satisfies Record<string, keyof PhasesRow>;

// A warm push takes milliseconds, a dead host its deadline.
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
// With edges at what is promised: 5 s, and 3 and 15 s after a return.
const changeBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 300, 900, 3600];

/** What is counted as it happens: revisions, attempts, and how long a change takes to be verified. */
export class PushMetrics {
  readonly #clock: Clock;
  readonly #changes = new OpenChanges();
  readonly #made: ReturnType<typeof instruments>;
  #revision: string | undefined;

  constructor(made: Instruments, clock: Clock) {
    this.#clock = clock;
    this.#made = instruments(made);
  }

  /** A revision is in force. `isHeldBack`: whether a node keeps the last good plan for now. */
  revision(seen: SeenRevision, isHeldBack: (node: string) => boolean): void {
    if (this.#revision !== undefined && this.#revision !== seen.digest) this.#made.revisions.inc();
    this.#revision = seen.digest;
    this.#changes.wanted(seen.plans, this.#clock.monotonic(), isHeldBack);
  }

  /** An attempt has ended. `isHeldBack`: as above. */
  push(push: NewPush, isHeldBack: (node: string) => boolean): void {
    const made = this.#made;
    const result = resultOf(push);
    made.attempts.inc({ trigger: triggerOf(push.kind), result });
    // In a rollout the node may be brought to the last good plan: what is newest waits on.
    if (result === 'held' || isHeldBack(push.node)) this.#changes.met(push.node, 'held');
    if (result === 'held') return;
    made.duration.observe({ result }, push.totalMs / 1000);
    for (const [phase, field] of Object.entries(phases))
      // Over a warm session nobody dials, and who never came to a phase spent no time in it.
      if (push.phases[field] > 0) made.phase.observe({ phase }, push.phases[field] / 1000);
    if (push.receipt !== null) made.receiver.observe(push.receipt.receiverMs / 1000);
    if (push.ok) this.#verified(push);
    else this.#failed(push);
  }

  /** Brings what grows with time up to now. */
  fill(): void {
    const waiting = this.#changes.waiting(this.#clock.monotonic());
    for (const course of courses) {
      this.#made.unverified.set({ course }, waiting[course].nodes);
      this.#made.oldest.set({ course }, waiting[course].oldestMs / 1000);
    }
  }

  #verified(push: NewPush): void {
    const closed = this.#changes.verified(push.node, push.desired, this.#clock.monotonic());
    if (closed !== undefined) this.#made.change.observe({ course: closed.course }, closed.ms / 1000);
  }

  #failed(push: NewPush): void {
    const cause = causeClass(push.cause);
    this.#made.failures.inc({ cause });
    this.#changes.met(push.node, cause !== 'other' && causeOf(cause).offline ? 'away' : 'retried');
  }
}

/** A class of the catalogue, else `other`: a label must not grow by what somebody writes. */
export function causeClass(cause: string | null): CauseClass | 'other' {
  return cause !== null && isCauseClass(cause) ? cause : 'other';
}

function isCauseClass(cause: string): cause is CauseClass {
  return Object.hasOwn(causes, cause);
}

function resultOf(push: NewPush): Result {
  if (!push.attempted) return 'held';
  if (!push.ok) return 'failed';
  return push.changed ? 'changed' : 'unchanged';
}

function triggerOf(kind: string): string {
  return urgencies.find((urgency) => urgency === kind) ?? 'other';
}

function instruments(made: Instruments) {
  const own = { ...counters(made), ...histograms(made), ...gauges(made) };
  // A rate cannot see the step from nothing to 1: everything that can be counted begins at 0.
  for (const trigger of urgencies) for (const result of results) own.attempts.inc({ trigger, result }, 0);
  for (const cause of Object.keys(causes)) own.failures.inc({ cause }, 0);
  for (const phase of Object.keys(phases)) own.phase.zero({ phase });
  for (const course of courses) own.change.zero({ course });
  for (const result of results) if (result !== 'held') own.duration.zero({ result });
  return own;
}

const courseLabel = [
  'course',
  '`straight`: at the first attempt; `retried`: after one that failed; `held`: after a pause, a freeze, a missing term or its turn in a rollout; `away`: after the node could not be reached. The worst one counts',
] as const;

function counters(made: Instruments) {
  return {
    revisions: made.counter({
      name: 'sync_controller_revisions_total',
      help: 'Revisions of the registries that came into force since the start, the one of the start left out.',
    }),
    attempts: made.counter({
      name: 'sync_controller_push_attempts_total',
      help: 'Attempts to bring one node to its plan.',
      labels: [
        ['trigger', 'why it was made: `look` (the regular one), `retry`, `change`, `push` (a person asked)'],
        [
          'result',
          '`changed`: bytes were installed and verified; `unchanged`: verified, nothing to install; `failed`; `held`: not tried, because of a pause, a freeze, a rollout or no term',
        ],
      ],
    }),
    failures: made.counter({
      name: 'sync_controller_push_failures_total',
      help: 'Attempts that failed, by cause class; docs/errors.md says what each means and what mends it.',
      labels: [['cause', 'class of docs/errors.md']],
    }),
  };
}

function histograms(made: Instruments) {
  return {
    change: made.histogram(
      {
        name: 'sync_controller_change_to_verified_seconds',
        help: 'Time from a revision coming into force on the controller (the change was read, gathered with its burst and planned) to its verification on a node: one observation per node that it gives other bytes. A node that several changes reach before it is verified counts once, from the first of them. The time before (noticing the change; watch.quietMs to watch.capMs for the burst) is not in it, nor is what changed while the controller was down.',
        labels: [courseLabel],
      },
      changeBuckets,
    ),
    duration: made.histogram(
      {
        name: 'sync_controller_push_duration_seconds',
        help: 'Time of one attempt on one node, from its turn in the queue to its verdict.',
        labels: [['result', 'as in sync_controller_push_attempts_total, without `held`']],
      },
      attemptBuckets,
    ),
    phase: made.histogram(
      {
        name: 'sync_controller_push_phase_duration_seconds',
        help: 'Where the time of an attempt goes, to the millisecond; an attempt that spent no time in a phase is not counted there.',
        labels: [
          [
            'phase',
            '`wait`: for another flight to the same host and for a place to work in; `dial`: from connect to a finished login, absent on a warm session; `exchange`: from asking for a channel to the receipt; `verify`: from the receipt to the verdict',
          ],
        ],
      },
      attemptBuckets,
    ),
    receiver: made.histogram(
      {
        name: 'sync_controller_receiver_duration_seconds',
        help: 'What the receiver on the node itself took, as its receipt says; part of the phase `exchange`.',
      },
      attemptBuckets,
    ),
  };
}

function gauges(made: Instruments) {
  return {
    unverified: made.gauge({
      name: 'sync_controller_unverified_nodes',
      help: 'Nodes on which a change of this life of the daemon is not verified yet.',
      labels: [courseLabel],
    }),
    oldest: made.gauge({
      name: 'sync_controller_unverified_change_age_seconds',
      help: 'How long the oldest change that is not verified on its node yet has been in force; 0 where there is none. The histogram shows a change only once it is verified, this one before.',
      labels: [courseLabel],
    }),
  };
}
