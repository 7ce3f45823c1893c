import type { Node } from '../model/node.ts';
import type { Endpoint } from '../transport/transport.ts';
import type { DedicatedKey } from './key-files.ts';
import { sendRestrict } from './restrict-exchange.ts';
import type { Failure, RestrictionGround } from './restriction.ts';

const elsewhere =
  'sshd there may read other files than ~/.ssh/authorized_keys (AuthorizedKeysFile), or refuse their owner or mode';

/** A node, the way to it, and the key that is looked at. */
export interface KeyOnNode {
  readonly node: Node;
  readonly endpoint: Endpoint;
  readonly key: DedicatedKey;
  readonly cluster: string;
}

/** Proves over new connections, with the key alone, that it is refused another command and that the receiver answers it. */
export async function proveKey(
  ground: RestrictionGround,
  what: KeyOnNode,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const escaped = await tryEscape(ground, what, signal);
  if (escaped.ok) {
    const evidence =
      'the key may run other commands: the node takes it from somewhere else, without the restriction';
    return { cause: 'auth', evidence, reachable: true };
  }
  if (!escaped.held) {
    const { cause, evidence, reachable } = escaped;
    return { cause, evidence: cause === 'auth' ? `${evidence}; ${elsewhere}` : evidence, reachable };
  }
  return ground.ask(what.node, alone(what), signal);
}

/** Proves that a key does not log in any more; undefined where it is refused. */
export async function proveRefused(
  ground: RestrictionGround,
  what: KeyOnNode,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const tried = await tryEscape(ground, what, signal);
  if (tried.ok || tried.held) {
    const evidence = `the node goes on taking the key ${what.key.fingerprint}`;
    return { cause: 'auth', evidence, reachable: true };
  }
  return tried.cause === 'auth'
    ? undefined
    : { cause: tried.cause, evidence: tried.evidence, reachable: tried.reachable };
}

/** Asks for a shell that would look around; it writes nothing where it is let in. */
function tryEscape({ transport, random }: RestrictionGround, what: KeyOnNode, signal: AbortSignal) {
  const { cluster, node } = what;
  const request = { action: 'look', parts: ['key'], cluster, login: node.sshUser } as const;
  return sendRestrict({ transport, endpoint: alone(what), fresh: true, random }, request, signal);
}

/** As somebody who has this key and nothing else. */
function alone({ endpoint, key, node }: KeyOnNode): Endpoint {
  return { ...endpoint, user: node.sshUser, identities: [key.path], agentSocket: undefined };
}
