import type { ControllerStatus } from '../../contract/report.ts';
import { causeOf } from '../../model/cause.ts';
import { rolloutPhases } from '../../model/rollout.ts';
import { eachState, setOrOmit, setTotal, type Instruments } from './instruments.ts';
import { causeClass } from './push-metrics.ts';

const standings = [
  'writing',
  'paused',
  'rival',
  'no-term',
  'reasserting',
  'observing',
] as const satisfies readonly ControllerStatus['standing'][];
const sourceStates = [
  'fresh',
  'last-good',
  'none',
] as const satisfies readonly ControllerStatus['source']['state'][];
const nodeStates = [
  'active',
  'pending_sync',
  'error',
  'unknown',
] as const satisfies readonly ControllerStatus['nodes'][number]['state'][];
const severities = ['error', 'warning'] as const;

/** What a scrape reads from the state of the controller. */
export class StatusMetrics {
  readonly #controller: ReturnType<typeof controllerGauges>;
  readonly #registry: ReturnType<typeof registryGauges>;
  readonly #fleet: ReturnType<typeof fleetGauges>;

  constructor(made: Instruments) {
    this.#controller = controllerGauges(made);
    this.#registry = registryGauges(made);
    this.#fleet = fleetGauges(made);
  }

  /** Sets everything anew; `sessions` is undefined where the way to the nodes keeps none. */
  fill(status: ControllerStatus, sessions: number | undefined): void {
    this.#ofController(status, sessions);
    this.#ofRegistry(status);
    this.#ofFleet(status);
    this.#ofRollout(status);
  }

  #ofController(status: ControllerStatus, sessions: number | undefined): void {
    const gauges = this.#controller;
    gauges.build.reset();
    gauges.build.set({ version: status.version }, 1);
    gauges.leader.set(status.standing === 'writing' ? 1 : 0);
    eachState(standings, status.standing, (standing, is) => {
      gauges.standing.set({ standing }, is);
    });
    setOrOmit(gauges.epoch, status.term?.epoch);
    for (const state of ['due', 'delayed', 'active'] as const)
      gauges.queue.set({ state }, status.queue[state]);
    setOrOmit(gauges.sessions, sessions);
    gauges.holds.set(status.holds?.length ?? 0);
    gauges.store.set(status.store === null || status.store === undefined ? 1 : 0);
    gauges.network.set(status.ownNetwork === null || status.ownNetwork === undefined ? 0 : 1);
  }

  #ofRegistry({ source, held, orphans, findings }: ControllerStatus): void {
    const gauges = this.#registry;
    eachState(sourceStates, source.state, (state, is) => {
      gauges.source.set({ state }, is);
    });
    setOrOmit(gauges.proof, source.proofAgeMs === null ? null : source.proofAgeMs / 1000);
    setTotal(gauges.restarts, source.restarts);
    setTotal(gauges.stalls, source.stalls);
    gauges.held.set(held.length);
    gauges.heldNames.set(held.reduce((sum, { names }) => sum + names.length, 0));
    gauges.orphans.set(orphans.length);
    for (const severity of severities)
      gauges.findings.set({ severity }, findings.filter((one) => one.severity === severity).length);
  }

  #ofFleet({ nodes, liveness }: ControllerStatus): void {
    const { byState, byCause, oldest, live, waiting } = this.#fleet;
    setOrOmit(live, liveness?.live);
    setOrOmit(waiting, liveness?.waiting);
    for (const state of nodeStates)
      byState.set({ state }, nodes.filter((node) => node.state === state).length);
    byCause.reset();
    let earliest: number | undefined;
    for (const { state, cause, lastSync } of nodes) {
      if (cause !== null) byCause.inc(causeLabels(state, cause), 1);
      const verified = state === 'active' && lastSync !== null ? Date.parse(lastSync) / 1000 : NaN;
      if (!Number.isNaN(verified)) earliest = Math.min(earliest ?? verified, verified);
    }
    setOrOmit(oldest, earliest);
  }

  #ofRollout({ rollout }: ControllerStatus): void {
    const { phase, batches, released } = this.#fleet;
    eachState(rolloutPhases, rollout?.phase, (one, is) => {
      phase.set({ phase: one }, is);
    });
    setOrOmit(batches, rollout?.batches.length);
    setOrOmit(released, rollout?.released);
  }
}

/** `kind` follows from the class, so that an alert need not list classes. */
function causeLabels(state: string, word: string): { state: string; cause: string; kind: string } {
  const cause = causeClass(word);
  if (cause === 'other') return { state, cause, kind: 'stalled' };
  const { offline, kind } = causeOf(cause);
  return { state, cause, kind: offline ? 'offline' : kind };
}

function controllerGauges(made: Instruments) {
  return {
    build: made.gauge({
      name: 'sync_controller_build_info',
      help: 'Always 1; its labels say what runs.',
      labels: [['version', 'release of the daemon']],
    }),
    leader: made.gauge({
      name: 'sync_controller_is_leader',
      help: '1 while this controller may write to the nodes under a term of its own (standing `writing`), else 0.',
    }),
    standing: made.gauge({
      name: 'sync_controller_standing',
      help: 'Whether the controller may write, and what keeps it from it: 1 for the present one, 0 for the others.',
      labels: [['standing', '`writing`, `paused`, `rival`, `no-term`, `reasserting`, `observing`']],
    }),
    epoch: made.gauge({
      name: 'sync_controller_term_epoch',
      help: 'Epoch of the term under which the controller writes; absent without a term. It never goes back on a node.',
    }),
    queue: made.gauge({
      name: 'sync_controller_queue_depth',
      help: 'Nodes in the queue.',
      labels: [
        ['state', '`due`: waits for a place; `delayed`: its time has not come; `active`: is being worked on'],
      ],
    }),
    sessions: made.gauge({
      name: 'sync_controller_ssh_sessions',
      help: 'SSH sessions that live, in use or ending; absent where the transport keeps none.',
    }),
    holds: made.gauge({
      name: 'sync_controller_holds',
      help: 'Pauses and freezes in force, of the whole fleet, a type or a node.',
    }),
    store: made.gauge({
      name: 'sync_controller_durable_store_available',
      help: '1 while durable.db can be used; at 0 no pause, freeze, approval or pin can be made or ended.',
    }),
    network: made.gauge({
      name: 'sync_controller_own_network_suspected',
      help: '1 while no node answers and it is rather this machine than the nodes that is cut off.',
    }),
  };
}

function registryGauges(made: Instruments) {
  return {
    source: made.gauge({
      name: 'sync_controller_source_state',
      help: 'How the registries could be read last: 1 for the present state, 0 for the others.',
      labels: [
        [
          'state',
          '`fresh`; `last-good`: cannot be read, the last good state is in force; `none`: never read',
        ],
      ],
    }),
    proof: made.gauge({
      name: 'sync_controller_source_proof_age_seconds',
      help: 'Time since it was last proved that no change of the registries was missed; absent before the first proof. It stays below watch.pollMs, or a little above, while all is well.',
    }),
    restarts: made.counter({
      name: 'sync_controller_source_watch_restarts_total',
      help: 'Watch streams that were begun anew.',
    }),
    stalls: made.counter({
      name: 'sync_controller_source_watch_stalls_total',
      help: 'Watch streams that had died in silence and were found out by the poll.',
    }),
    held: made.gauge({
      name: 'sync_controller_held_removals',
      help: 'Sets of removals that are withheld until a person approves them.',
    }),
    heldNames: made.gauge({
      name: 'sync_controller_held_removal_names',
      help: 'Names (services, nodes, domains, routes) in the withheld sets.',
    }),
    orphans: made.gauge({
      name: 'sync_controller_orphaned_nodes',
      help: 'Nodes whose row vanished by an edit that was no `node remove`: they keep what they have.',
    }),
    findings: made.gauge({
      name: 'sync_controller_registry_findings',
      help: 'What is wrong in the registries as they were last read; entries with an error are set aside.',
      labels: [['severity', '`error`, `warning`']],
    }),
  };
}

function livenessGauges(made: Instruments) {
  return {
    live: made.gauge({
      name: 'sync_controller_nodes_live',
      help: 'Registered nodes that hold the newest revision, verified: everything is live everywhere where it equals the sum of sync_controller_nodes.',
    }),
    waiting: made.gauge({
      name: 'sync_controller_nodes_waiting',
      help: 'Registered nodes that keep an earlier revision until their turn in the rollout comes; they may be `active` with it.',
    }),
  };
}

function fleetGauges(made: Instruments) {
  return {
    byState: made.gauge({
      name: 'sync_controller_nodes',
      help: 'Registered nodes by state.',
      labels: [
        [
          'state',
          '`active`: verified, all rungs; `pending_sync`: will retry by itself; `error`: a person has to look; `unknown`: nobody has looked yet',
        ],
      ],
    }),
    ...livenessGauges(made),
    byCause: made.gauge({
      name: 'sync_controller_nodes_by_cause',
      help: 'Registered nodes that are not active, by cause class. Only classes that occur are there.',
      labels: [
        ['state', '`pending_sync`, `error`'],
        ['cause', 'class of docs/errors.md'],
        [
          'kind',
          '`offline`: cannot be reached; `waiting`: retries by itself; `stalled`: needs a person. It follows from the class',
        ],
      ],
    }),
    oldest: made.gauge({
      name: 'sync_controller_oldest_verification_timestamp_seconds',
      help: 'When the active node was verified that has waited longest for its next look, in Unix time; absent without an active node. The regular pass (reconcile.periodHours) moves it on.',
    }),
    phase: made.gauge({
      name: 'sync_controller_rollout_phase',
      help: 'Phase of the rollout that runs or was the last one: 1 for the present phase, 0 for the others and without a rollout.',
      labels: [['phase', rolloutPhases.map((phase) => `\`${phase}\``).join(', ')]],
    }),
    batches: made.gauge({
      name: 'sync_controller_rollout_batches',
      help: 'Batches of the rollout; absent without one.',
    }),
    released: made.gauge({
      name: 'sync_controller_rollout_batches_released',
      help: 'Batches of the rollout that may have the new revision; absent without one.',
    }),
  };
}
