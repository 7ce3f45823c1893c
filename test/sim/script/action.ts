import { Dice } from '../kernel/dice.ts';
import { drawSettings, type Drawn } from './settings.ts';

/** One thing that happens to the world at a moment; data, so that a failing script can be cut down and printed. */
export interface Action {
  readonly atMs: number;
  readonly kind: string;
  /** Index of the node, or of the unit. */
  readonly who: number;
  readonly forMs: number;
  readonly word: string;
  readonly number: number;
}

/** How one kind of action is drawn. */
export interface Drawing {
  readonly weight: number;
  readonly draw?: (dice: Dice) => Partial<Pick<Action, 'forMs' | 'word' | 'number'>>;
}

const seconds = (low: number, high: number) => (dice: Dice) => ({
  forMs: Math.round((low + dice.unit() * (high - low)) * 1000),
});
const words =
  (...list: readonly string[]) =>
  (dice: Dice) => ({ word: dice.pick(list) });
const both =
  (...draws: readonly NonNullable<Drawing['draw']>[]) =>
  (dice: Dice) =>
    Object.assign({}, ...draws.map((draw) => draw(dice))) as Partial<Action>;

/** Every kind of action there is; a run takes some of them, so that rare ones meet each other. */
export const drawings: Readonly<Record<string, Drawing>> = {
  // The registries, by the hands of people.
  edit: { weight: 8, draw: words('change', 'change', 'add', 'add', 'remove', 'publish', 'unpublish') },
  burst: { weight: 3, draw: (dice) => ({ number: dice.int(2, 8) }) },
  reformat: { weight: 1 },
  'bad-entry': {
    weight: 2,
    draw: both(
      seconds(5, 240),
      words('port', 'loopback', 'closing', 'injection', 'template', 'null', 'text'),
    ),
  },
  unreadable: {
    weight: 3,
    draw: both(seconds(3, 300), words('json', 'null', 'list', 'key', 'object', 'bom')),
  },
  'unreadable-other': {
    weight: 2,
    draw: both(seconds(3, 300), words('nodes', 'nodes-key', 'domains', 'cluster', 'cluster-key')),
  },
  empty: {
    weight: 2,
    draw: both(seconds(5, 240), words('object', 'text'), (dice) => ({ number: dice.pick([0, 0, 1, 2]) })),
  },
  'empty-nodes': { weight: 1, draw: seconds(5, 200) },
  reroute: { weight: 1, draw: both(seconds(5, 200), words('mode', 'public-domain', 'cluster-domain')) },
  'row-gone': { weight: 1, draw: seconds(10, 400) },
  'stale-save': { weight: 2, draw: seconds(1, 50) },
  annotate: { weight: 1, draw: seconds(10, 200) },
  // The API server and the way to it.
  sky: {
    weight: 5,
    draw: both(
      seconds(2, 240),
      words(
        'refused',
        'silent',
        'failing',
        'failing',
        'blind',
        'throttling',
        'unauthorised',
        'forbidden',
        'slow',
        'truncating',
        'garbage',
      ),
    ),
  },
  'watch-silent': { weight: 3, draw: seconds(10, 400) },
  'watch-noise': { weight: 1, draw: seconds(10, 300) },
  'watch-end': { weight: 2, draw: words('ended', 'broken', 'expired') },
  compact: { weight: 1 },
  conflicts: { weight: 2, draw: both(seconds(10, 300), (dice) => ({ number: 0.2 + dice.unit() * 0.75 })) },
  behind: { weight: 2, draw: both(seconds(2, 50), (dice) => ({ number: dice.int(1, 3) })) },
  // The controller and its machine.
  kill: { weight: 4, draw: (dice) => ({ number: dice.chance(0.7) ? dice.int(1, 60) : 0 }) },
  restart: { weight: 1, draw: seconds(1, 100) },
  pause: { weight: 3, draw: both(seconds(0.2, 200), words('stop', 'stop', 'sleep')) },
  'lose-state': { weight: 1 },
  'power-cut': { weight: 1, draw: seconds(1, 60) },
  'clock-jump': {
    weight: 1,
    draw: (dice) => ({ number: dice.pick([-3_600_000, 3_600_000, 315_360_000_000, -86_400_000, 30_000]) }),
  },
  'disk-full': { weight: 1, draw: seconds(5, 300) },
  'disk-failing': { weight: 1, draw: seconds(5, 200) },
  'database-damaged': { weight: 1, draw: words('durable', 'history') },
  'term-back': { weight: 1 },
  second: { weight: 1, draw: seconds(20, 400) },
  twin: { weight: 1 },
  // What admins ask of it.
  'ask-push': { weight: 2 },
  'ask-reconcile': { weight: 1 },
  'ask-pause': {
    weight: 1,
    draw: both(seconds(5, 300), words('all', 'node'), (dice) => ({
      number: dice.chance(0.4) ? dice.int(1, 20) : 0,
    })),
  },
  'ask-plan': { weight: 1 },
  'ask-rollout': { weight: 2, draw: words('pause', 'resume', 'abort', 'hold', 'unpin', 'unpin') },
  freeze: {
    weight: 2,
    draw: both(seconds(5, 300), words('all', 'type', 'node', 'node'), (dice) => ({
      number: dice.chance(0.4) ? dice.int(1, 20) : 0,
    })),
  },
  'drift-mode': { weight: 1, draw: both(seconds(5, 300), words('observe', 'freeze')) },
  // The nodes and the way to them.
  link: {
    weight: 6,
    draw: both(seconds(1, 400), words('refused', 'silent', 'silent', 'unreachable', 'throttled', 'mute')),
  },
  unplug: { weight: 2, draw: seconds(5, 400) },
  reboot: { weight: 2, draw: seconds(1, 120) },
  reset: { weight: 1, draw: (dice) => ({ number: dice.chance(0.5) ? 1 : 0 }) },
  runaway: { weight: 1, draw: both(words('near', 'far'), (dice) => ({ number: dice.int(1, 4) })) },
  crash: {
    weight: 4,
    draw: both(
      seconds(1, 60),
      words(
        'document',
        'staged',
        'locked',
        'judged',
        'assembled',
        'claimed',
        'fenced',
        'durable',
        'replacing',
        'renamed',
        'recorded',
        'proven',
      ),
      (dice) => ({ number: dice.chance(0.5) ? dice.int(1, 90) : 0 }),
    ),
  },
  slow: {
    weight: 2,
    draw: both(seconds(5, 300), (dice) => ({ number: dice.pick([300, 3_000, 20_000, 40_000]) })),
  },
  'node-disk': { weight: 3, draw: both(seconds(5, 300), words('full', 'full', 'readonly', 'failing')) },
  trouble: { weight: 4, draw: both(seconds(5, 300), (dice) => ({ number: 0.1 + dice.unit() * 0.8 })) },
  'host-key': { weight: 1, draw: seconds(20, 400) },
  'no-login': { weight: 1, draw: seconds(5, 300) },
  'no-receiver': { weight: 1, draw: both(seconds(5, 300), words('missing', 'no-sudo')) },
  'hand-outside': { weight: 1 },
  'hand-inside': { weight: 2, draw: words('change', 'gone', 'foreign') },
  'doubled-block': { weight: 1, draw: seconds(10, 300) },
  consumer: { weight: 2, draw: both(seconds(5, 300), words('down', 'stubborn')) },
  resolver: { weight: 1, draw: seconds(5, 200) },
  swap: { weight: 2, draw: seconds(5, 300) },
  'node-clock': {
    weight: 1,
    draw: (dice) => ({ number: dice.pick([-3_600_000, 3_600_000, 315_360_000_000]) }),
  },
};

/** What a run is: the size of its fleet, its settings, and what happens. All of it follows from the seed. */
export interface Script {
  readonly seed: number;
  readonly nodes: number;
  readonly periodHours: number;
  readonly pollMs: number;
  readonly parallel: number;
  readonly settings: Drawn;
  /** One machine stands in the registry under two types. */
  readonly twins: boolean;
  readonly faultsMs: number;
  readonly probes: readonly string[];
  readonly actions: readonly Action[];
}

/** What is tried once all faults have ended. */
const probes: Readonly<Record<string, number>> = {
  edit: 1,
  burst: 0.2,
  gone: 0.1,
  reformat: 0.15,
  'silent-watch': 0.15,
  contended: 0.12,
  absence: 0.25,
  relapse: 0.12,
  lasting: 0.1,
  late: 0.1,
  kill: 0.15,
  guard: 0.15,
  approval: 0.12,
  paused: 0.12,
  annotated: 0.1,
  rival: 0.12,
  'old-term': 0.1,
  'rival-and-record': 0.08,
  'same-epoch': 0.07,
  replay: 0.08,
  'old-records': 0.08,
  'blind-start': 0.1,
  'paused-start': 0.08,
  drift: 0.1,
  frozen: 0.15,
  swapped: 0.1,
  staged: 0.5,
  canary: 0.4,
  unconfirmed: 0.5,
};
/** Probes of revisions that go by batches, and those in which a revision is stopped that is meant to come through. */
const byBatches: ReadonlySet<string> = new Set(['staged', 'canary']);
const atOnce: ReadonlySet<string> = new Set([
  'relapse',
  'lasting',
  'late',
  'absence',
  'replay',
  'rival',
  'rival-and-record',
  'same-epoch',
  'old-records',
  'blind-start',
]);

/** Draws the script of a seed. */
export function drawScript(seed: number): Script {
  const dice = new Dice(`script ${String(seed)}`);
  const kinds = Object.keys(drawings);
  const often = 0.15 + dice.unit() * 0.6;
  const chosen = kinds.filter((kind) => kind === 'edit' || dice.chance(often));
  const faultsMs = dice.int(4, 30) * 60_000;
  const count = dice.int(8, 36);
  const weights = Object.fromEntries(chosen.map((kind) => [kind, drawings[kind]?.weight ?? 1]));
  const actions: Action[] = [];
  for (let n = 0; n < count; n += 1) {
    const kind = dice.weighted(weights);
    const drawn = drawings[kind]?.draw?.(dice) ?? {};
    actions.push({
      atMs: Math.round(20_000 + dice.unit() * faultsMs),
      kind,
      who: dice.int(0, 999),
      forMs: 0,
      word: '',
      number: 0,
      ...drawn,
    });
  }
  const settings = drawSettings(seed);
  const isSecured = settings.confirmSeconds > 0 && settings.rollout === undefined;
  const unfit = new Set([
    ...(settings.rollout === undefined ? byBatches : atOnce),
    ...(isSecured ? [] : ['unconfirmed']),
  ]);
  return {
    seed,
    nodes: dice.int(3, 8),
    periodHours: dice.pick([0.3, 0.4, 0.5, 1]),
    pollMs: dice.pick([10_000, 20_000, 20_000, 30_000]),
    parallel: dice.pick([2, 8, 32]),
    settings,
    twins: dice.chance(0.25),
    faultsMs,
    probes: Object.keys(probes).filter((probe) => dice.chance(probes[probe] ?? 0) && !unfit.has(probe)),
    actions: actions.sort((a, b) => a.atMs - b.atMs),
  };
}
