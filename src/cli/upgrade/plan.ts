import { isOlder } from '../../lib/version.ts';
import type { Node } from '../../model/node.ts';
import type { DoctorPorts, NodeLook } from '../../compose/doctor-ports.ts';

/**
 * What becomes of the receiver of a node: it is as new as ours or newer (`keep`), older or missing (`upgrade`), older and not ours
 * to change (`by-admin`), or not known.
 */
export type UpgradeAction = 'keep' | 'upgrade' | 'by-admin' | 'unknown';

export interface UpgradeStep {
  readonly node: Node;
  readonly action: UpgradeAction;
  /** Version on the node; undefined where it has none, or one so old that it does not say. */
  readonly from: string | undefined;
  /** Why it is not known; empty elsewhere. */
  readonly cause: string;
  readonly evidence: string;
}

/** How many hosts are worked on at the same time. */
const parallel = 16;

/** Causes of a look that failed for the receiver alone. */
const curable: ReadonlySet<string> = new Set(['receiver_missing', 'receiver_outdated']);

/** Runs work for each node, many hosts at a time: two rows of one host take their turns. */
export async function perHost<T>(
  nodes: readonly Node[],
  work: (node: Node) => Promise<T>,
): Promise<readonly T[]> {
  const hosts = [...Map.groupBy(nodes, ({ address }) => address).values()];
  const done = new Map<Node, T>();
  const worker = async (): Promise<void> => {
    for (let host = hosts.shift(); host !== undefined; host = hosts.shift())
      for (const node of host) done.set(node, await work(node));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return nodes.flatMap((node) => {
    const result = done.get(node);
    return result === undefined ? [] : [result];
  });
}

/** Looks at every node and says what would become of its receiver; nothing is written. */
export async function planUpgrade(
  ports: DoctorPorts,
  nodes: readonly Node[],
  { isHeld, signal }: { readonly isHeld: (node: Node) => Promise<boolean>; readonly signal: AbortSignal },
): Promise<readonly UpgradeStep[]> {
  const ours = await ports.receiverVersion();
  return perHost(nodes, async (node) => {
    const seen = await ports.look(node, signal);
    const step = stepOf(node, seen, ours);
    return step.action === 'upgrade' && (await isHeld(node)) ? { ...step, action: 'by-admin' } : step;
  });
}

function stepOf(node: Node, seen: NodeLook, ours: string): UpgradeStep {
  const plain = { node, from: undefined, cause: '', evidence: '' };
  if (!seen.ok && curable.has(seen.cause)) return { ...plain, action: 'upgrade' };
  if (!seen.ok) return { ...plain, action: 'unknown', cause: seen.cause, evidence: seen.evidence };
  const from = seen.facts.receiver;
  return { ...plain, from, action: isOlder(from, ours) ? 'upgrade' : 'keep' };
}
