import type { AnswerOf } from '../contract/routes.ts';
import { SyncError } from '../lib/errors.ts';
import type { ControllerApi } from '../contract/controller.ts';
import type { ServedHistory } from './history-handlers.ts';

const pushesShown = 20;

/** One node by its name, address or id, as the status knows it. */
export async function nodeDetail(
  word: string,
  { history, status }: Pick<ControllerApi, 'status'> & { readonly history: ServedHistory | undefined },
): Promise<AnswerOf<'node'>> {
  const { nodes } = await status();
  const meant = nodes.filter(({ node, name, address }) => [node, name, address].includes(word));
  const [node, other] = meant;
  if (node === undefined)
    throw new SyncError('notFound', `node: expected a registered one, got ${JSON.stringify(word)}`, {
      remedy: 'see them with: syncctl node list',
    });
  if (other !== undefined)
    throw new SyncError(
      'usage',
      `node: expected one node, got ${JSON.stringify(word)}, which is ${meant.map((one) => one.node).join(' and ')}`,
      { remedy: `use its id: ${node.node}` },
    );
  const pushes = (await history?.reader.pushes({ node: node.node, limit: pushesShown })) ?? [];
  return { apiVersion: 'sync-controller/v1', kind: 'NodeDetail', node, pushes: [...pushes] };
}
