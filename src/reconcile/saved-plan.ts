import type { ExpectedPlan } from '../contract/saved-plan.ts';
import { SyncError } from '../lib/errors.ts';
import { digestOf } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import { call, isFailed } from '../push/exchange.ts';
import type { ControllerParts } from './parts.ts';
import { desiredDigest } from './reconciler.ts';
import { placed } from './slots.ts';

// A sentence names a few; the count tells the rest.
const named = 5;

/**
 * Refuses a saved plan where the world has moved since it was made: the registries, what they make of a node, or what a node holds.
 * A node that cannot be asked now has not moved as far as anybody knows; its push says that it is away.
 * @returns the nodes to push, each with the bytes over which alone its plan was made.
 * @throws SyncError `conflict` naming what moved.
 */
export async function checkedPlan(
  expected: ExpectedPlan,
  parts: ControllerParts,
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, string>> {
  const { snapshot } = parts.registry.current();
  const approvals = expected.approvals.map(({ hash }) => hash);
  const plan =
    snapshot === undefined
      ? parts.fleet.current()
      : parts.fleet.preview(snapshot, parts.clusterId, approvals);
  const moved = plan === undefined ? ['registries of which nothing is planned'] : movedPlans(expected, plan);
  moved.push(...movedGround(expected, parts), ...heldNodes(expected, parts));
  if (moved.length === 0) moved.push(...(await movedNodes(expected, parts, signal)));
  if (moved.length > 0) {
    const more = moved.length > named ? ` and ${String(moved.length - named)} more` : '';
    throw new SyncError(
      'conflict',
      `push --plan: expected the world as the plan saw it, got ${moved.slice(0, named).join('; ')}${more}`,
      { remedy: 'make a new plan: syncctl plan --out FILE' },
    );
  }
  return new Map(
    expected.nodes
      .filter(({ changes, observed }) => changes && observed !== null)
      .map(({ node, observed }) => [node as NodeId, observed ?? '']),
  );
}

function movedPlans(expected: ExpectedPlan, plan: FleetPlan): string[] {
  const moved: string[] = [];
  if (plan.snapshotDigest !== expected.revision)
    moved.push(`other registries: ${short(plan.snapshotDigest)} instead of ${short(expected.revision)}`);
  for (const { node, name, wanted } of expected.nodes) {
    const now = desiredDigest(plan.nodes.get(node as NodeId)) ?? null;
    if (now !== wanted)
      moved.push(`other bytes planned for ${name}: ${short(now)} instead of ${short(wanted)}`);
  }
  return moved;
}

/** What a push goes by beside the registries. A plan of an earlier release does not say. */
function movedGround(expected: ExpectedPlan, parts: ControllerParts): readonly string[] {
  const { release, policy } = expected;
  const now = policyDigest(parts);
  return [
    ...(release === undefined || release === parts.version
      ? []
      : [`another release: ${parts.version} instead of ${release}`]),
    ...(policy === undefined || policy === now
      ? []
      : [`another rollout policy: ${short(now)} instead of ${short(policy)}`]),
  ];
}

/** Nodes of the plan that a person holds back now: part of it would be left out. */
function heldNodes(expected: ExpectedPlan, { decisions, drift }: ControllerParts): readonly string[] {
  return expected.nodes
    .filter(({ changes, observed }) => changes && observed !== null)
    .flatMap(({ node, name }) => {
      const rule = drift?.of(node as NodeId);
      const frozen = rule?.mode === 'freeze' ? `frozen by ${rule.who} since ${rule.since}` : undefined;
      const why = decisions.pausedBy(node) ?? frozen;
      return why === undefined ? [] : [`${name} held back: ${why}`];
    });
}

/** Tells one policy of rollouts from another. */
export function policyDigest({ rollout }: Pick<ControllerParts, 'rollout'>): string {
  return digestOf(JSON.stringify(rollout?.policy() ?? null));
}

async function movedNodes(
  expected: ExpectedPlan,
  parts: ControllerParts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const asked = expected.nodes.map(async ({ node, name, observed }) => {
    if (observed === null) return undefined;
    const now = await observedOn(node as NodeId, parts, signal);
    return now === undefined || now === observed
      ? undefined
      : `other bytes on ${name}: ${short(now)} instead of ${short(observed)}`;
  });
  return (await Promise.all(asked)).filter((line) => line !== undefined);
}

/** The digest of the managed bytes on a node; undefined where it cannot be asked. */
async function observedOn(
  id: NodeId,
  parts: ControllerParts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const plan = parts.fleet.newestOf(id);
  const kind = plan?.bundles[0]?.kind;
  if (plan === undefined || kind === undefined) return undefined;
  const endpoint = await parts.endpointOf(plan.node);
  const position = { epoch: 0, writer: '00000000', seq: 0 };
  const answer = await placed(endpoint, parts.slots, () =>
    call({ ...parts, endpoint }, { mode: 'check', kind, position }, signal),
  );
  return isFailed(answer) ? undefined : answer.after?.sha;
}

function short(digest: string | null): string {
  return digest === null ? 'nothing' : digest.slice(0, 12);
}
