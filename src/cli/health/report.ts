import { remedyFor } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { NodeStatus } from '../../model/status.ts';
import type { ControllerStatus } from '../../contract/report.ts';
import { holdOn } from '../../contract/hold-on.ts';
import type { DriftReport, HoldReport, RolloutReport } from '../../contract/rollout-report.ts';
import { apiVersion } from '../output/structured.ts';
import type { Registries } from '../registries.ts';
import type { Restrictions } from '../restrictions.ts';

/** One node of `health`. */
export interface HealthNode {
  readonly node: string;
  readonly name: string;
  readonly type: string;
  readonly address: string;
  readonly state: 'active' | 'pending_sync' | 'error';
  /** True where this controller has itself verified it; false for what only the registry or an earlier run says. */
  readonly verified: boolean;
  readonly cause: string | null;
  readonly evidence: string;
  readonly remedy: string | null;
  readonly since: string | null;
  readonly lastSync: string | null;
  readonly lastAttempt: string | null;
  /** Why it keeps an earlier revision although a newer one is in force, as the daemon says; null where its turn has come. */
  readonly waits: string | null;
  /** Where it fetches its configuration itself: whether it is connected, and when it last asked; null where it is dialled. */
  readonly pull: { readonly here: boolean; readonly lastVisit: string | null } | null;
  /** The pause or freeze that keeps it from being written, also while it is active with what it holds. */
  readonly hold: HoldReport | null;
}

/** The written contract of `health -o json`. */
export interface HealthReport {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'HealthReport';
  readonly source: {
    readonly kind: string;
    readonly location: string;
    readonly state: string;
    readonly reason: string | null;
  };
  readonly daemon: boolean;
  readonly standing: string | null;
  /** Why the daemon does not write, null where it does. */
  readonly standingReason: string | null;
  /** Why it is rather this machine than its nodes that is cut off, as the daemon sees it. */
  readonly ownNetwork: { readonly evidence: string; readonly since: string } | null;
  /** Why nothing can be paused, frozen, approved or unpinned, as the daemon sees it. */
  readonly store: { readonly reason: string; readonly remedy: string } | null;
  readonly counts: { readonly active: number; readonly pending_sync: number; readonly error: number };
  /** Is it live everywhere? As the daemon says; null where none runs. */
  readonly liveness: NonNullable<ControllerStatus['liveness']> | null;
  readonly nodes: readonly HealthNode[];
  /** What is set aside in the registries; the good entries flow. */
  readonly quarantined: readonly {
    readonly severity: string;
    readonly path: string;
    readonly message: string;
    readonly remedy: string;
  }[];
  readonly held: readonly {
    readonly hash: string;
    readonly reason: string;
    readonly names: readonly string[];
  }[];
  readonly paused: readonly string[];
  /** Freezes, which end by themselves. */
  readonly frozen: readonly HoldReport[];
  /** Freezes that will begin by themselves. */
  readonly freezesPlanned: readonly HoldReport[];
  /** The rollout that runs or has stopped; its revision is pinned where it was stopped. */
  readonly rollout: RolloutReport | null;
  /** Nodes whose drift is only observed, or that are frozen. */
  readonly drift: readonly DriftReport[];
  readonly orphaned: readonly string[];
  /** Names of nodes that keep an earlier key of ours than the newest: a rotation is not finished. */
  readonly oldKeys: readonly string[];
}

export interface Known {
  /** The settings say that nothing may be written. */
  readonly observeOnly: boolean;
  readonly registries: Registries;
  /** From the daemon, where one runs. */
  readonly controller: ControllerStatus | undefined;
  /** What an earlier run has left, where no daemon runs. */
  readonly remembered: ReadonlyMap<string, NodeStatus>;
  /** What holds pushes back, from the daemon or as it was left. */
  readonly holds: Holds;
  readonly restrictions: Restrictions;
}

/** What holds pushes back. */
export interface Holds {
  readonly holds: readonly HoldReport[];
  /** Freezes that will begin. */
  readonly windows: readonly HoldReport[];
  readonly rollout: RolloutReport | null;
  readonly drift: readonly DriftReport[];
}

/** Joins what the registries, the daemon and earlier runs say of every node. */
export function healthReport({
  registries,
  controller,
  remembered,
  holds,
  restrictions,
  observeOnly,
}: Known): HealthReport {
  const { snapshot, source, state, reason } = registries;
  const live = new Map(controller?.nodes.map((node) => [node.node, node]));
  const nodes = [...(snapshot?.nodes.values() ?? [])].map((node) => {
    const known = live.get(node.id);
    const of =
      known === undefined || known.state === 'unknown'
        ? fromMemory(node, remembered.get(node.id))
        : fromDaemon(node, known);
    return underHold(of, holds);
  });
  const count = (wanted: HealthNode['state']): number => nodes.filter((node) => node.state === wanted).length;
  return {
    apiVersion,
    kind: 'HealthReport',
    source: { kind: source.kind, location: source.location, state, reason: reason ?? null },
    daemon: controller !== undefined,
    standing: controller?.standing ?? (observeOnly ? 'observing' : null),
    standingReason: controller?.standingReason === '' ? null : (controller?.standingReason ?? null),
    ownNetwork: controller?.ownNetwork ?? null,
    store: controller?.store ?? null,
    counts: { active: count('active'), pending_sync: count('pending_sync'), error: count('error') },
    liveness: controller?.liveness ?? null,
    nodes,
    quarantined: (snapshot?.findings ?? [])
      .filter(({ severity }) => severity === 'error')
      .map((finding) => ({ ...finding })),
    held: controller?.held ?? [],
    paused: pausedOf(snapshot, controller, holds.holds),
    frozen: holds.holds.filter(({ until }) => until !== null),
    freezesPlanned: holds.windows,
    rollout: holds.rollout,
    drift: holds.drift,
    orphaned: controller?.orphans ?? [],
    oldKeys: [...(snapshot?.nodes.values() ?? [])]
      .filter(({ id }) => restrictions.get(id)?.outdated === true)
      .map(({ name }) => name),
  };
}

/** Everything at once where all is paused; else single nodes. A pause by annotation is told with its registry. */
function pausedOf(
  snapshot: Snapshot | undefined,
  controller: ControllerStatus | undefined,
  holds: readonly HoldReport[],
): readonly string[] {
  const registries = (snapshot?.paused ?? []).map((object) => `registry ${object}`);
  const endless = holds.filter(({ until }) => until === null);
  const all = endless.filter(({ scope }) => scope === 'all');
  if (controller?.standing === 'paused' && all.length === 0 && !isFrozen(holds)) {
    const { standingReason } = controller;
    return standingReason.startsWith('annotation ')
      ? registries
      : [`all nodes: ${standingReason}`, ...registries];
  }
  const told = all.length > 0 ? all : endless;
  return [
    ...(all.length > 0 ? [] : registries),
    ...told.map(
      ({ what, who, since, why }) =>
        `${what}: paused by ${who} since ${since}${why === null ? '' : `: ${why}`}`,
    ),
    ...(all.length > 0 ? registries : []),
  ];
}

function isFrozen(holds: readonly HoldReport[]): boolean {
  return holds.some(({ scope }) => scope === 'all');
}

/** What was remembered may be from before the hold, or from one that is over: the command that ends it is that of now. */
function underHold(node: Omit<HealthNode, 'hold'>, { holds, drift }: Holds): HealthNode {
  const hold = holdOn(node, holds, drift) ?? null;
  const isItsCause = node.cause === 'paused' || node.cause === 'frozen';
  return { ...node, hold, remedy: hold !== null && isItsCause ? hold.end : node.remedy };
}

function fromDaemon(node: Node, known: ControllerStatus['nodes'][number]): Omit<HealthNode, 'hold'> {
  return {
    ...identityOf(node),
    state: known.state === 'unknown' ? 'pending_sync' : known.state,
    verified: known.verified,
    cause: known.cause,
    evidence: known.evidence,
    remedy: known.remedy,
    since: known.since === '' ? null : known.since,
    lastSync: known.lastSync,
    lastAttempt: known.lastAttempt,
    waits: known.waits ?? null,
    pull: node.pull === true ? (known.pull ?? nobody) : null,
  };
}

const nobody = { here: false, lastVisit: null };

/** What was stored last, else the row. A row without a status is a node that was never synced. */
function fromMemory(node: Node, status: NodeStatus | undefined): Omit<HealthNode, 'hold'> {
  const { recorded } = node;
  const cause = status?.cause ?? null;
  return {
    ...identityOf(node),
    state: status?.state ?? recorded.status ?? 'pending_sync',
    verified: false,
    cause,
    evidence: status?.evidence ?? '',
    remedy: cause === null ? null : remedyFor(cause, node),
    since: status?.since ?? null,
    lastSync: status?.lastSync ?? recorded.lastSync ?? null,
    lastAttempt: status?.lastAttempt ?? recorded.lastAttempt ?? null,
    waits: null,
    pull: node.pull === true ? nobody : null,
  };
}

function identityOf(node: Node): Pick<HealthNode, 'node' | 'name' | 'type' | 'address'> {
  return { node: node.id, name: node.name, type: node.type, address: node.address };
}
