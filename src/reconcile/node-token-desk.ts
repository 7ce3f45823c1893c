import { SyncError } from '../lib/errors.ts';
import type { NodeTokenDesk, NodeTokenRequest } from '../contract/node-tokens.ts';
import type { Engine } from './engine.ts';
import { oneNode } from './selection.ts';

/** What the owner says of the tokens of nodes. Each word is audited. */
export class AuditedNodeTokens implements NodeTokenDesk {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  async mint({ node: word, now, actor }: NodeTokenRequest): ReturnType<NodeTokenDesk['mint']> {
    const { nodeTokens, decisions } = this.engine.parts;
    // The row may have been written a moment ago.
    await this.engine.refresh();
    const { nodes } = this.engine.snapshot();
    const node = oneNode(word, nodes);
    if (node.pull !== true)
      throw new SyncError(
        'conflict',
        `node token: expected a node that fetches its configuration, got ${node.name}, which is pushed to over SSH`,
        { remedy: `syncctl node add ${node.address} --type <type> --pull` },
      );
    if (nodeTokens === undefined) throw new SyncError('internal', 'no place for the tokens of nodes');
    const secret = await nodeTokens.mint({ node: node.id, who: actor.who, reason: actor.reason, now });
    await decisions.audit(actor, 'node token mint', node.id);
    const record = nodeTokens.of(node.id).at(-1);
    if (record === undefined) throw new SyncError('internal', `the token of ${node.id} is gone`);
    const { since, who, why } = record;
    return { secret, token: { node: node.id, since, by: who, why: why ?? null } };
  }
}
