import type { Node, NodeId } from '../model/node.ts';
import type { Service } from '../model/service.ts';
import { SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';
import { selectNodes } from '../reconcile/selection.ts';
import type { Call } from './call.ts';
import { listed } from './output/progress.ts';
import { wrongWord } from './words.ts';

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
    `node: expected a word that means one node, got ${quoted(word)}, which means ${listed(ids)}`,
    { remedy: `give the id, such as ${ids[0] ?? 'vps_nodes@100.64.0.1'}` },
  );
}

/**
 * The node that a command names; undefined where it means all of them.
 * @throws SyncError `usage` where it names one and all at once.
 */
export function nodeOrAll(call: Call): string | undefined {
  const node = call.word(0);
  if (node === undefined || !call.flag('all')) return node;
  throw wrongWord(
    { place: 'node', expected: 'one node or --all, not both', remedy: 'leave one of them out' },
    node,
  );
}

/**
 * The service of that name.
 * @throws SyncError `notFound`.
 */
export function pickService(name: string, services: ReadonlyMap<string, Service>): Service {
  const service = services.get(name);
  if (service !== undefined) return service;
  throw new SyncError('notFound', `service: expected the name of a registered service, got ${quoted(name)}`, {
    remedy: 'list them with: syncctl service list',
  });
}
