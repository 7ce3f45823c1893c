import { causes } from '../../src/model/cause.ts';
import { rolloutPhases } from '../../src/model/rollout.ts';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { Metrics, type MetricsPorts } from '../../src/http/metrics/metrics.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { HistoryRecorder } from '../../src/reconcile/history.ts';
import type { NewPush } from '../../src/store/history/records.ts';
import type { SeenRevision } from '../../src/store/history/recorder.ts';
import { offline, status, verified } from '../cli/controller-double.ts';
import { ManualClock } from '../support/manual-clock.ts';

type Row = ControllerStatus['nodes'][number];
type Rollout = NonNullable<ControllerStatus['rollout']>;

/** A node as the controller tells it. */
export const row = (name: string, changes: Partial<Row> = {}): Row => ({
  ...verified(name),
  since: '2026-01-01T00:00:00Z',
  lastSync: '2026-01-01T00:00:00Z',
  lastAttempt: '2026-01-01T00:00:00Z',
  hint: false,
  ...changes,
});

export const away = (name: string): Row => row(name, { ...offline(name), lastSync: null });

export const rolloutIn = (phase: Rollout['phase'], changes: Partial<Rollout> = {}): Rollout => ({
  apiVersion: 'sync-controller/v1',
  kind: 'RolloutReport',
  number: 3,
  revision: 'abc',
  base: null,
  phase,
  began: '2026-01-01T00:00:00Z',
  since: '2026-01-01T00:00:00Z',
  who: 'ada',
  note: '',
  onFailure: 'rollback',
  waiting: null,
  waitingFor: [],
  released: 1,
  batches: [1, 2, 3].map((nodes) => ({ nodes, verified: 0, failed: 0, unreachable: 0, held: 0 })),
  failed: [],
  taken: null,
  end: null,
  ...changes,
});

/** A fleet in which everything that has a name occurs: every cause, every state. */
export const everything = (): ControllerStatus =>
  status({
    nodes: [
      row('well'),
      row('new', { state: 'unknown', lastSync: null }),
      ...Object.entries(causes).map(([cause, { kind }]) =>
        row(cause, { cause, state: kind === 'stalled' ? 'error' : 'pending_sync' }),
      ),
    ],
    rollout: rolloutIn(rolloutPhases[0]),
  });

interface Given {
  readonly status?: ControllerStatus;
  readonly perNode?: boolean;
  readonly ports?: Partial<MetricsPorts>;
  readonly clock?: Clock;
  readonly onWarn?: (message: string) => void;
}

/** Metrics over a controller that says what the test says. */
export function rig(given: Given = {}) {
  const clock = new ManualClock();
  const metrics = new Metrics({
    clock: given.clock ?? clock,
    log: { ...silentLogger, warn: (message) => given.onWarn?.(message) },
    perNode: given.perNode ?? false,
  });
  let now = given.status ?? status();
  metrics.connect({
    status: () => Promise.resolve(now),
    sessions: () => 7,
    isHeldBack: () => false,
    ...given.ports,
  });
  const told: string[] = [];
  const history = metrics.observing<HistoryRecorder>({
    revision: (seen) => told.push(seen.digest),
    push: ({ node }) => told.push(node),
    revisionNumber: () => 4,
    digestOf: () => 'digest',
    close: () => Promise.resolve(),
  });
  return {
    clock,
    metrics,
    history,
    told,
    become: (next: ControllerStatus) => {
      now = next;
    },
    samples: async () => samplesOf((await metrics.metricsText()).body),
  };
}

/** Every line of a scrape that is a sample, by its name and labels as they stand there. */
export function samplesOf(body: string): ReadonlyMap<string, number> {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** A revision that wants these digests of these nodes. */
export const revision = (
  digest: string,
  plans: Readonly<Record<string, readonly string[]>>,
): SeenRevision => ({
  digest,
  at: '2026-01-01T00:00:00Z',
  source: 'directory /srv/registry',
  complete: true,
  findings: [],
  objects: [],
  texts: {},
  plans,
});

/** An attempt that verified a node, or what a test makes of it. */
export const attempt = (node: string, desired: string, changes: Partial<NewPush> = {}): NewPush => ({
  node,
  name: node,
  kind: 'change',
  attempted: true,
  attempt: 1,
  digest: 'r',
  epoch: 7,
  writer: 'w',
  started: '2026-01-01T00:00:00Z',
  totalMs: 200,
  phases: { waitMs: 1, dialMs: 0, exchangeMs: 60, verifyMs: 139 },
  ok: true,
  changed: true,
  cause: null,
  evidence: '',
  desired,
  installed: desired,
  rungs: ['digest'],
  notes: [],
  receipt: { mode: 'apply', result: 'ok', epoch: 7, seq: 1, before: null, after: desired, receiverMs: 12 },
  state: 'active',
  who: null,
  why: null,
  ...changes,
});

/** The same attempt, which failed. */
export const failure = (node: string, cause: string, changes: Partial<NewPush> = {}): NewPush =>
  attempt(node, 'x', {
    ok: false,
    changed: false,
    cause,
    installed: null,
    receipt: null,
    rungs: [],
    ...changes,
  });
