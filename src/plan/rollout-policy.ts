import type { Node, NodeId } from '../model/node.ts';
import type { LanePolicy, RolloutPolicy, Share } from '../model/rollout.ts';
import { laneOf, lanePolicy, lanesOf } from './rollout-lanes.ts';

/** How many of `total` a share is. A batch has at least one node; a budget may be none. */
export function shareOf(share: Share, total: number, least = 1): number {
  const wanted = 'count' in share ? share.count : Math.floor((share.percent * total) / 100 + 1e-9);
  return Math.min(total, Math.max(least, wanted));
}

/** The sizes of all batches; the last entry repeats. No entry is one batch of all. */
export function batchSizes(batches: readonly Share[], total: number): readonly number[] {
  const sizes: number[] = [];
  let left = total;
  for (let index = 0; left > 0; index += 1) {
    const share = batches[Math.min(index, batches.length - 1)];
    const size = Math.min(left, share === undefined ? total : shareOf(share, total));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** True where a new revision goes to some nodes before the others. */
export function isGradual(policy: RolloutPolicy): boolean {
  return lanesOf(policy).some(
    ([, { batches, canaries }]) => batches.length + canaries.names.length + canaries.labels.length > 0,
  );
}

/** True where the policy names this node as a canary. */
export function isCanary(node: Node, { names, labels }: RolloutPolicy['canaries']): boolean {
  if ([node.id, node.name, node.address].some((word) => names.includes(word))) return true;
  return labels.some((label) => {
    const cut = label.indexOf('=');
    return node.labels[label.slice(0, cut)] === label.slice(cut + 1);
  });
}

/** Names of canaries that no node has: a typing error would otherwise leave a rollout without its canary. */
export function unknownCanaries(
  nodes: readonly Node[],
  policy: Pick<RolloutPolicy, 'canaries' | 'types'>,
): readonly string[] {
  const own = Object.entries(policy.types ?? {}).flatMap(([type, lane]) =>
    lane.canaries === policy.canaries
      ? []
      : unknownAmong(
          nodes.filter((node) => node.type === type),
          lane,
        ),
  );
  return [...unknownAmong(nodes, policy), ...own];
}

function unknownAmong(
  nodes: readonly Node[],
  { canaries }: Pick<RolloutPolicy, 'canaries'>,
): readonly string[] {
  const known = (entry: keyof RolloutPolicy['canaries'], word: string): boolean =>
    nodes.some((node) => isCanary(node, { names: [], labels: [], [entry]: [word] }));
  return [
    ...canaries.names.filter((name) => !known('names', name)),
    ...canaries.labels.filter((label) => !known('labels', label)),
  ];
}

/**
 * Who comes when: canaries, then nodes that answer, then those known to be away, which can prove nothing. Within each,
 * the types take turns in the order of the registry, so that an early batch holds some of each.
 */
export function rolloutOrder(
  nodes: readonly Node[],
  canaries: RolloutPolicy['canaries'],
  away: ReadonlySet<NodeId>,
): readonly NodeId[] {
  const rank = (node: Node): number => (isCanary(node, canaries) ? 0 : away.has(node.id) ? 2 : 1);
  return [0, 1, 2].flatMap((wanted) => takingTurns(nodes.filter((node) => rank(node) === wanted)));
}

function takingTurns(nodes: readonly Node[]): readonly NodeId[] {
  const lines = [...Map.groupBy(nodes, (node) => node.type).values()];
  const longest = Math.max(0, ...lines.map((line) => line.length));
  return Array.from({ length: longest }, (_, turn) => lines.map((line) => line[turn]?.id))
    .flat()
    .filter((id) => id !== undefined);
}

/**
 * The batches of a rollout. Types with a policy of their own go beside the others: the first batch holds the first of each.
 */
export function batchesOf(
  nodes: readonly Node[],
  policy: RolloutPolicy,
  away: ReadonlySet<NodeId>,
): readonly (readonly NodeId[])[] {
  const lanes = [...Map.groupBy(nodes, ({ id }) => laneOf(id, policy))].map(([lane, members]) =>
    batchesOfLane(members, lanePolicy<LanePolicy>(lane, policy), away),
  );
  const longest = Math.max(0, ...lanes.map((lane) => lane.length));
  return Array.from({ length: longest }, (_, turn) => lanes.flatMap((lane) => lane[turn] ?? []));
}

/** Canaries without batches come first, and everything else after them. */
function batchesOfLane(
  nodes: readonly Node[],
  policy: LanePolicy,
  away: ReadonlySet<NodeId>,
): readonly (readonly NodeId[])[] {
  const order = rolloutOrder(nodes, policy.canaries, away);
  const canaries = nodes.filter((node) => isCanary(node, policy.canaries)).length;
  const shares =
    policy.batches.length > 0 || canaries === 0
      ? policy.batches
      : [{ count: canaries }, { percent: 100 } as const];
  let at = 0;
  return batchSizes(shares, order.length).map((size) => order.slice(at, (at += size)));
}
