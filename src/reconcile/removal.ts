import type { TargetKind } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import { remedyFor } from '../model/cause.ts';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { Actor } from '../contract/controller.ts';
import type { RemovalReport, RemovalRequest } from '../contract/lifecycle.ts';
import { isFailed } from '../push/exchange.ts';
import { withdraw } from '../push/withdraw.ts';
import { removeNodeRow, setNodeRow } from '../registry/json-edit.ts';
import type { Tombstones } from '../store/tombstones.ts';
import type { Tombstone } from '../store/records.ts';
import type { ControllerParts } from './parts.ts';

type RemovalParts = Pick<
  ControllerParts,
  | 'source'
  | 'terms'
  | 'transport'
  | 'endpointOf'
  | 'memory'
  | 'clock'
  | 'random'
  | 'clusterId'
  | 'deadlineMs'
  | 'log'
> & {
  readonly tombstones: Tombstones;
};

/** The end of a node: a tombstone, then the row goes, then its targets are withdrawn and verified, then the tombstone goes too. */
export class Removal {
  private readonly parts: RemovalParts;

  constructor(parts: RemovalParts) {
    this.parts = parts;
  }

  /** Removes a node. `kinds` are the targets it holds. */
  async remove(
    node: Node,
    kinds: readonly TargetKind[],
    request: RemovalRequest,
    signal: AbortSignal,
  ): Promise<RemovalReport> {
    const { tombstones, clock } = this.parts;
    const stone: Tombstone = {
      node: node.id,
      address: node.address,
      row: JSON.stringify(node),
      pins: node.hostKeys.map((pin) => pin.key),
      targets: [...kinds],
      at: isoSeconds(clock.now()),
      state: 'pending',
    };
    // First the tombstone: a crash in between leaves a node that is removed twice, never one that is forgotten.
    if (!request.abandon) await tombstones.bury(stone);
    await this.dropRow(node);
    if (request.abandon) {
      await tombstones.drop(node.id);
      return report(node, { result: 'abandoned' });
    }
    return this.bury(node, stone, signal);
  }

  /** Ends a tombstone of a node whose row is gone already: tries again, or gives it up. */
  async endTombstone(id: NodeId, abandon: boolean, signal: AbortSignal): Promise<RemovalReport | undefined> {
    const stone = (await this.parts.tombstones.list()).find(
      (one) => one.node === id && one.state === 'pending',
    );
    if (stone === undefined) return undefined;
    const node = nodeOf(stone);
    if (!abandon) return this.bury(node, stone, signal);
    await this.parts.tombstones.drop(id);
    return report(node, { result: 'abandoned' });
  }

  /** Tries every pending withdrawal once more; the hourly pass and a returning node do this. */
  async retry(signal: AbortSignal): Promise<void> {
    const stones = await this.parts.tombstones.list().catch(() => []);
    await Promise.all(
      stones
        .filter((stone) => stone.state === 'pending')
        .map((stone) => this.bury(nodeOf(stone), stone, signal)),
    );
  }

  /** Writes the row of an orphaned node back as it was. */
  async restore(node: Node, actor: Actor): Promise<void> {
    const row = JSON.parse(node.row ?? '{}') as Parameters<typeof setNodeRow>[1]['fields'];
    const stamp = { at: isoSeconds(this.parts.clock.now()), by: actor.who };
    const key = { type: node.type, address: node.address };
    await this.parts.source.edit('sync-controller-registry', 'registry.json', (text) =>
      setNodeRow(text, { ...key, fields: row }, stamp),
    );
  }

  private async dropRow(node: Node): Promise<void> {
    const key = { type: node.type, address: node.address };
    await this.parts.source.edit('sync-controller-registry', 'registry.json', (text) => {
      const next = removeNodeRow(text, key);
      return next === text ? undefined : next;
    });
  }

  private async bury(node: Node, stone: Tombstone, signal: AbortSignal): Promise<RemovalReport> {
    const { transport, endpointOf, terms, random, clusterId, deadlineMs, tombstones, log } = this.parts;
    if (terms.current() === undefined)
      throw new SyncError('conflict', 'node remove: expected a term, got none', { remedy: 'syncctl doctor' });
    const endpoint = await endpointOf(node);
    const lane = { transport, endpoint, clusterId, random, deadlineMs };
    for (const kind of stone.targets) {
      const answer = await withdraw(lane, kind, () => terms.next(), signal);
      if (isFailed(answer)) {
        log.warn('a removed node still holds our target; it is tried again', {
          node: node.id,
          kind,
          cause: answer.cause,
        });
        return report(node, { result: 'pending', ...answer });
      }
    }
    await tombstones.drop(node.id);
    return report(node, { result: 'withdrawn' });
  }
}

/** The node of a tombstone, as it was when it was removed. */
export function nodeOf(stone: Tombstone): Node {
  return JSON.parse(stone.row) as Node;
}

function report(
  node: Node,
  end: { result: RemovalReport['result']; cause?: Parameters<typeof remedyFor>[0]; evidence?: string },
): RemovalReport {
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'RemovalReport',
    node: node.id,
    name: node.name,
    result: end.result,
    cause: end.cause ?? null,
    evidence: end.evidence ?? '',
    remedy: end.cause === undefined ? null : remedyFor(end.cause, node),
  };
}
