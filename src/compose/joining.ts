import type { Settings } from '../config/settings.ts';
import { joinScript } from '../enrol/join-script.ts';
import { pullAddress } from '../enrol/pull-address.ts';
import type { Random } from '../lib/random.ts';
import type { Node, NodeId } from '../model/node.ts';
import { nodeTypes } from '../plan/node-types/index.ts';

/** What a node runs to join, made for whoever shows its token; undefined for one that is not registered to fetch. */
export function joinScriptFor(
  settings: Settings['pull'],
  nodeOf: (id: NodeId) => Node | undefined,
  random: Random,
): (id: NodeId, secret: string) => Promise<Buffer | undefined> {
  return async (id, secret) => {
    const node = nodeOf(id);
    if (node?.pull !== true) return undefined;
    const kinds = [nodeTypes[node.type].kind];
    return joinScript({ node, kinds, secret, ...pullAddress(settings) }, random);
  };
}
