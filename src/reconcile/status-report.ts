import type { ControllerStatus } from '../contract/report.ts';
import { livenessOf } from '../contract/verdict.ts';
import { holdOn } from '../contract/hold-on.ts';
import type { DriftReport, HoldReport } from '../contract/rollout-report.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import type { ControllerParts } from './parts.ts';
import { desiredDigest } from './reconciler.ts';
import { heldReport, statusReport } from './report.ts';
import { driftReport, holdReport, rolloutReport } from './rollout-report.ts';

type Holding = Pick<ControllerParts, 'decisions' | 'drift' | 'fleet'>;

/** Everything an admin may ask of the controller's own state, in one value. */
export function controllerStatus(parts: ControllerParts): ControllerStatus {
  const { kind, reason } = parts.standing.state();
  const snapshot = parts.fleet.effective();
  const term = parts.terms.current();
  const holding = holdsNow(parts);
  const source = sourceReport(parts);
  const nodes = nodeReports(parts, holding);
  const rollout = parts.rollout?.current() === undefined ? null : rolloutReport(parts.rollout);
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'ControllerStatus',
    version: parts.version,
    pid: process.pid,
    daemon: parts.daemon,
    standing: kind,
    standingReason: reason,
    term: term === undefined ? null : { ...term },
    source,
    ...sharesReport(parts),
    queue: parts.loop.queue.depth(),
    ownNetwork: parts.senses?.ownNetwork() ?? null,
    store: storeReport(parts),
    held: heldReport(parts.fleet.current()?.held ?? []),
    orphans: [...parts.fleet.orphans().keys()],
    findings: (parts.registry.current().snapshot?.findings ?? []).map((finding) => ({ ...finding })),
    nodes,
    liveness: livenessOf({ source, rollout, nodes }),
    rollout,
    ...holding,
    windows: parts.decisions.upcoming().map((pause) => holdReport(pause, snapshot?.nodes ?? new Map())),
  };
}

/** What people hold back, in the words of every report. */
function holdsNow({ decisions, drift, fleet }: Holding): {
  readonly holds: HoldReport[];
  readonly drift: DriftReport[];
} {
  const nodes = fleet.effective()?.nodes ?? new Map<NodeId, Node>();
  return {
    holds: decisions.pauses().map((pause) => holdReport(pause, nodes)),
    drift: (drift?.all() ?? [])
      .filter(({ mode }) => mode !== 'correct')
      .map((rule) => driftReport(rule, nodes)),
  };
}

/** The pause or freeze that keeps a node from being written now. */
export function holdNow(parts: Holding, { id, type }: Node): HoldReport | undefined {
  const { holds, drift } = holdsNow(parts);
  return holdOn({ node: id, type }, holds, drift);
}

function nodeReports(
  parts: ControllerParts,
  { holds, drift }: ReturnType<typeof holdsNow>,
): ControllerStatus['nodes'] {
  return [...(parts.fleet.effective()?.nodes.values() ?? [])].map((node) => {
    const status = parts.status.get(node.id);
    const hold = holdOn({ node: node.id, type: node.type }, holds, drift);
    return {
      ...statusReport(node, status, hold),
      ...evidenceOf(parts, node.id, status),
      ...(node.source === undefined ? {} : { source: node.source }),
      since: status?.since ?? '',
      lastSync: status?.lastSync ?? node.recorded.lastSync ?? null,
      lastAttempt: status?.lastAttempt ?? node.recorded.lastAttempt ?? null,
      hint: status?.hint ?? true,
      waits: waitsOf(parts, node.id, status),
      pull: node.pull === true ? visitReport(parts, node.id) : null,
      hold: hold ?? null,
    };
  });
}

/** Why a node keeps an earlier revision; null where it holds the newest or nothing keeps it from it. */
function waitsOf(
  { rollout, fleet }: ControllerParts,
  id: NodeId,
  status: NodeStatus | undefined,
): string | null {
  const waits = rollout?.current()?.waits(id);
  if (waits === undefined) return null;
  const newest = desiredDigest(fleet.newestOf(id));
  return newest !== undefined && status?.installed === newest ? null : waits;
}

/** When a node that comes itself was here. */
function visitReport({ visits }: ControllerParts, id: NodeId): { here: boolean; lastVisit: string | null } {
  const sight = visits?.sightOf(id);
  return { here: sight?.here ?? false, lastVisit: sight?.at ?? null };
}

/** What a silent node cannot say itself. */
function evidenceOf(
  parts: ControllerParts,
  id: NodeId,
  status: NodeStatus | undefined,
): { evidence?: string } {
  const said = status?.cause === undefined ? undefined : parts.senses?.evidenceOn(id);
  if (said === undefined || status === undefined) return {};
  return { evidence: status.evidence === '' ? said : `${status.evidence}; ${said}` };
}

function sharesReport({ registry, fleet }: ControllerParts): Pick<ControllerStatus, 'sources'> {
  const shares = registry.shares?.();
  if (shares === undefined) return {};
  const inForce = fleet.effective();
  const count = (entries: Iterable<{ readonly source?: string }> | undefined, name: string): number =>
    [...(entries ?? [])].filter(({ source }) => source === name).length;
  return {
    sources: shares.map(({ name, priority, state, reason }) => ({
      name,
      priority,
      state,
      reason: reason ?? null,
      services: count(inForce?.services.values(), name),
      nodes: count(inForce?.nodes.values(), name),
    })),
  };
}

function storeReport({ durable }: ControllerParts): ControllerStatus['store'] {
  const state = durable.state();
  return state.available ? null : { reason: state.reason, remedy: state.remedy };
}

function sourceReport(parts: ControllerParts): ControllerStatus['source'] {
  const { sourceState, reason } = parts.registry.current();
  const health = parts.source.health();
  return {
    kind: health.kind,
    location: health.location,
    state: sourceState,
    reason: reason ?? null,
    proofAgeMs:
      health.lastProofMs === undefined ? null : Math.round(parts.clock.monotonic() - health.lastProofMs),
    restarts: health.restarts,
    stalls: health.stalls,
  };
}
