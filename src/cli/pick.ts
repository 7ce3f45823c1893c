import type { Node, NodeId } from '../model/node.ts';
import type { Service } from '../model/service.ts';
import { SyncError } from '../lib/errors.ts';
import { selectNodes } from '../reconcile/selection.ts';
import { listed } from './output/progress.ts';

/**
 * The one node that a word means.
 * @throws SyncError `notFound`, or `usage` where a name or address belongs to several rows.
 */
export function pickNode(word: string, nodes: ReadonlyMap<NodeId, Node>): Node {
  const ids = selectNodes([word], nodes);
  const node = ids[0] === undefined ? undefined : nodes.get(ids[0]);
  if (ids.length === 1 && node !== undefined) return node;
  throw new SyncError(
    'usage',
    `node: expected a word that means one node, got ${JSON.stringify(word)}, which means ${listed(ids)}`,
    { remedy: `give the id, such as ${ids[0] ?? 'vps_nodes@100.64.0.1'}` },
  );
}

/**
 * The service of that name.
 * @throws SyncError `notFound`.
 */
export function pickService(name: string, services: ReadonlyMap<string, Service>): Service {
  const service = services.get(name);
  if (service !== undefined) return service;
  throw new SyncError(
    'notFound',
    `service: expected the name of a registered service, got ${JSON.stringify(name)}`,
    { remedy: 'list them with: syncctl service list' },
  );
}
