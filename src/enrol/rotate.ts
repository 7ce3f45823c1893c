import type { Node } from '../model/node.ts';
import { dropKey, keysIn, makeKey, type DedicatedKey } from './key-files.ts';
import { enforce } from './enforce.ts';
import { restrictedNodes, type RestrictedNodes } from './restricted-nodes.ts';
import type { Admin, RestrictionGround, Rotated } from './restriction.ts';

const parallel = 8;

export interface Rotation {
  readonly nodes: readonly Rotated[];
  readonly key: DedicatedKey;
  /** Nodes that were not asked for, or did not answer, and keep an earlier key. */
  readonly behind: readonly Node[];
}

export interface RotationRequest {
  /** The nodes to give a new key, all of them restricted. */
  readonly nodes: readonly Node[];
  /** Every node of the registry. */
  readonly registered: readonly Node[];
  readonly admin: Admin;
  readonly onNode: (rotated: Rotated) => void;
}

/** Gives nodes the newest key; a new pair is made only once every node has the one before, so that the same again finishes it. */
export async function rotate(
  ground: RestrictionGround,
  request: RotationRequest,
  signal: AbortSignal,
): Promise<Rotation> {
  const { stateDirectory, random } = ground;
  const before = restrictedNodes(stateDirectory);
  const newest = (await keysIn(stateDirectory)).at(-1);
  const underWay = newest !== undefined && behindOf(before, request.registered, newest).length > 0;
  const key = underWay ? newest : await makeKey(stateDirectory, (newest?.generation ?? 0) + 1, random);
  const nodes: Rotated[] = [];
  const waiting = [...request.nodes];
  const worker = async (): Promise<void> => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      const rotated = await rotateOne(ground, { ...request, node, key }, signal);
      request.onNode(rotated);
      nodes.push(rotated);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, waiting.length) }, worker));
  await dropUnused(stateDirectory, key.generation);
  const behind = behindOf(restrictedNodes(stateDirectory), request.registered, key);
  return { nodes, key, behind };
}

/** Registered nodes that have an earlier key, or on which one may still stand. */
export function behindOf(
  known: RestrictedNodes,
  registered: readonly Node[],
  { generation }: Pick<DedicatedKey, 'generation'>,
): readonly Node[] {
  return registered.filter(({ id }) => {
    const entry = known.get(id);
    return entry !== undefined && (entry.generation !== generation || entry.old.length > 0);
  });
}

async function rotateOne(
  ground: RestrictionGround,
  { node, key, admin }: { node: Node; key: DedicatedKey; admin: Admin },
  signal: AbortSignal,
): Promise<Rotated> {
  const entry = restrictedNodes(ground.stateDirectory).get(node.id);
  if (entry?.generation === key.generation && entry.old.length === 0)
    return { node, result: 'unchanged', cause: undefined, evidence: '' };
  const enforced = await enforce(ground, { node, admin, key }, signal);
  if (enforced.ok) return { node, result: 'rotated', cause: undefined, evidence: '' };
  const { cause, evidence, takenBack } = enforced;
  return { node, result: 'failed', cause, evidence: `${evidence}; ${takenBack}` };
}

/** A key that no node takes any more serves nobody but a thief. */
async function dropUnused(stateDirectory: string, newest: number): Promise<void> {
  const used = new Set(
    [...restrictedNodes(stateDirectory).values()].flatMap(({ generation, old }) => [generation, ...old]),
  );
  for (const { generation } of await keysIn(stateDirectory))
    if (generation < newest && !used.has(generation)) await dropKey(stateDirectory, generation);
}
