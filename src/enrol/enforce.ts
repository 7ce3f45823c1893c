import { isoSeconds } from '../lib/clock.ts';
import type { Node, NodeId } from '../model/node.ts';
import { splitNodeId } from '../model/node.ts';
import type { Endpoint } from '../transport/transport.ts';
import { keysIn, type DedicatedKey } from './key-files.ts';
import { proveKey, proveRefused } from './prove-key.ts';
import { noteRestricted, restrictedNodes } from './restricted-nodes.ts';
import { sendRestrict } from './restrict-exchange.ts';
import type { RestrictPart } from './restrict-wire.ts';
import type { Admin, Enforced, Failure, RestrictionGround } from './restriction.ts';

const both = ['rule', 'key'] as const;

/** One node that is to take a key, and who may see to that. */
export interface Wanted {
  readonly node: Node;
  readonly admin: Admin;
  readonly key: DedicatedKey;
}

/**
 * Holds a node to one key: line and rule, proof, note, and only then the end of earlier keys. After a kill between any two
 * steps a key that works is noted, and the same again finishes it. Where the proof fails, what was written is taken back.
 */
export async function enforce(
  ground: RestrictionGround,
  { node, admin, key }: Wanted,
  signal: AbortSignal,
): Promise<Enforced> {
  const [cluster, endpoint] = [await ground.cluster(), await ground.adminWay(node, admin)];
  const options = { transport: ground.transport, endpoint, random: ground.random };
  const login = node.sshUser;
  const request = { action: 'grant', parts: both, cluster, login, key: key.blob } as const;
  const granted = await sendRestrict(options, request, signal);
  if (!granted.ok)
    return {
      ...granted,
      takenBack: granted.unknown
        ? 'how much was written is not known, and the same again finishes it'
        : 'nothing was changed on the node',
    };
  const { changed } = granted.answer;
  const failure = await proveKey(ground, { node, endpoint, key, cluster }, signal);
  if (failure !== undefined)
    return {
      ok: false,
      ...failure,
      takenBack: await takeBack(ground, { node, endpoint, changed, key }, signal),
    };
  await note(ground, node, key);
  const left = await endEarlier(ground, { node, endpoint, key, cluster }, signal);
  return left === undefined
    ? { ok: true, key, changed }
    : { ok: false, ...left, takenBack: 'the new key is in force, an earlier one is not gone yet' };
}

interface Written {
  readonly node: Node;
  readonly endpoint: Endpoint;
  readonly changed: readonly RestrictPart[];
  readonly key: DedicatedKey;
}

/** Takes out what a run has put there, and says in words what became of it. */
export async function takeBack(
  { transport, random, cluster }: RestrictionGround,
  { node, endpoint, changed, key }: Written,
  signal: AbortSignal,
): Promise<string> {
  if (changed.length === 0) return 'nothing had to be changed on the node, and nothing was';
  const others = [key.blob];
  const login = node.sshUser;
  const request = { action: 'withdraw', parts: changed, cluster: await cluster(), login, others } as const;
  const undone = await sendRestrict({ transport, endpoint, random }, request, signal);
  const what = changed
    .map((part) => (part === 'rule' ? 'the sudo rule' : 'the line of the key'))
    .join(' and ');
  return undone.ok
    ? `${what} ${changed.length === 1 ? 'was' : 'were'} taken back`
    : `${what} could not be taken back (${undone.cause}: ${undone.evidence})`;
}

/** Several rows may lead to one login: it has one key for all of them. */
async function note(
  { stateDirectory, clock }: RestrictionGround,
  node: Node,
  key: DedicatedKey,
): Promise<void> {
  const known = restrictedNodes(stateDirectory);
  const since = isoSeconds(clock.now());
  const twins = [...known]
    .filter(([id, { login }]) => splitNodeId(id).address === node.address && login === node.sshUser)
    .map(([id]) => id);
  for (const id of new Set<NodeId>([node.id, ...twins])) {
    const entry = known.get(id);
    const old = [...new Set([...(entry?.old ?? []), ...(entry === undefined ? [] : [entry.generation])])];
    await noteRestricted(stateDirectory, id, {
      generation: key.generation,
      old: old.filter((generation) => generation !== key.generation),
      login: node.sshUser,
      since: entry?.generation === key.generation ? entry.since : since,
    });
  }
}

/** Takes the lines of our earlier keys out and proves that the node refuses them. */
async function endEarlier(
  ground: RestrictionGround,
  what: { node: Node; endpoint: Endpoint; key: DedicatedKey; cluster: string },
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { node, endpoint, key, cluster } = what;
  const { transport, random, stateDirectory } = ground;
  const entry = restrictedNodes(stateDirectory).get(node.id);
  const old = (await keysIn(stateDirectory)).filter(({ generation }) => entry?.old.includes(generation));
  if (entry === undefined || entry.old.length === 0) return undefined;
  if (old.length > 0) {
    const others = old.map(({ blob }) => blob);
    const request = { action: 'withdraw', parts: ['key'], cluster, login: node.sshUser, others } as const;
    const gone = await sendRestrict({ transport, endpoint, random }, request, signal);
    if (!gone.ok) return gone;
    for (const earlier of old) {
      const taken = await proveRefused(ground, { ...what, key: earlier }, signal);
      if (taken !== undefined) return taken;
    }
  }
  for (const [id, one] of restrictedNodes(stateDirectory))
    if (splitNodeId(id).address === node.address && one.login === node.sshUser)
      await noteRestricted(stateDirectory, id, { ...one, generation: key.generation, old: [] });
  return undefined;
}
