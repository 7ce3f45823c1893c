import type { TargetKind } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { Actor } from '../contract/controller.ts';
import type { RemovalReport } from '../contract/lifecycle.ts';
import { isFailed } from '../push/exchange.ts';
import { withdraw } from '../push/withdraw.ts';
import { setNodeRow } from '../registry/json-edit.ts';
import type { Step } from '../registry/operations/step.ts';
import { openedFromRest, sealedAtRest } from '../registry/sealed/at-rest.ts';
import type { Source } from '../registry/source.ts';
import type { Tombstones } from '../store/tombstones.ts';
import type { Tombstone } from '../store/records.ts';
import type { ControllerParts } from './parts.ts';
import { writeNoted } from './noted-write.ts';
import { flightsOver, flightTo } from './slots.ts';
import { nothingElse, outlookOf, removalReport, type Outlook } from './removal-report.ts';

type RemovalParts = Pick<
  ControllerParts,
  | 'source'
  | 'sourceOf'
  | 'terms'
  | 'transport'
  | 'endpointOf'
  | 'memory'
  | 'clock'
  | 'random'
  | 'clusterId'
  | 'deadlineMs'
  | 'log'
  | 'history'
> & {
  readonly tombstones: Tombstones;
} & Partial<Pick<ControllerParts, 'nodeTokens' | 'visits'>>;

/** What a tombstone is worth: the row may be there again, or the removal may be under way this moment. */
export type Claim = 'gone' | 'underway' | 'registered' | 'unsure';

/** One removal as an admin confirmed it. */
export interface Deed {
  readonly node: Node;
  /** The targets it holds. */
  readonly kinds: readonly TargetKind[];
  readonly outlook: Outlook;
  readonly abandon: boolean;
  readonly actor: Actor;
}

/** The end of a node: a tombstone, then the registries forget it, then its targets are withdrawn and verified, then the tombstone goes too. */
export class Removal {
  private readonly parts: RemovalParts;

  constructor(parts: RemovalParts) {
    this.parts = parts;
  }

  /**
   * What goes with a node, before anything is done.
   * @throws SyncError `unavailable` where the registries cannot be read, `data` where one that names it cannot be edited.
   */
  async outlook(node: Node, inForce: Snapshot, signal: AbortSignal): Promise<Outlook> {
    const source = this.sourceOf(node);
    const reading = await source.read(signal);
    if (reading.kind === 'read') return outlookOf(node, reading.objects, inForce);
    throw new SyncError(
      'unavailable',
      `node remove: expected readable registries at ${source.health().location}, got: ${reading.reason}`,
      { remedy: reading.remedy },
    );
  }

  /** Removes a node. */
  async remove(deed: Deed, signal: AbortSignal): Promise<RemovalReport> {
    const { tombstones, clock } = this.parts;
    const { node, kinds, outlook, abandon, actor } = deed;
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
    if (!abandon) await tombstones.bury({ ...stone, row: await sealedAtRest(stone.row) });
    await writeNoted(this.at(node), outlook.steps, actor);
    if (abandon) {
      await this.letGo(node.id);
      return removalReport(node, { result: 'abandoned' }, outlook);
    }
    return this.bury(node, stone, { outlook, signal });
  }

  /** The tombstone of a node whose row is gone already, if there is one. */
  async tombstoneOf(isMeant: (node: Node) => boolean): Promise<Tombstone | undefined> {
    return (await this.pending()).find((stone) => isMeant(nodeOf(stone)));
  }

  /** Ends a tombstone: tries again, or gives it up. */
  async endTombstone(stone: Tombstone, abandon: boolean, signal: AbortSignal): Promise<RemovalReport> {
    const node = nodeOf(stone);
    if (!abandon) return this.bury(node, stone, { outlook: nothingElse, signal });
    await this.letGo(stone.node);
    return removalReport(node, { result: 'abandoned' }, nothingElse);
  }

  /** Tries every pending withdrawal once more; the hourly pass does this. A node that is registered again keeps what it holds. */
  async retry(claimOn: (id: NodeId) => Claim, signal: AbortSignal): Promise<void> {
    await Promise.all(
      (await this.pending()).map(async (stone) => {
        const claim = claimOn(stone.node);
        if (claim === 'gone') await this.bury(nodeOf(stone), stone, { outlook: nothingElse, signal });
        if (claim === 'registered') await this.parts.tombstones.drop(stone.node);
      }),
    );
  }

  /** Nodes that are removed and still hold our targets. */
  async pending(): Promise<readonly Tombstone[]> {
    const stones = await this.parts.tombstones.list().catch(() => []);
    const pending = stones.filter((stone) => stone.state === 'pending');
    const rows = await Promise.all(pending.map(({ row }) => openedFromRest(row)));
    // One that no identity opens waits for it.
    return pending.flatMap((stone, at) => {
      const row = rows[at];
      return row === undefined ? [] : { ...stone, row };
    });
  }

  /** Writes the row of a node back as it was, and calls its removal off where one is pending. */
  async restore(node: Node, actor: Actor): Promise<void> {
    const row = JSON.parse(node.row ?? '{}') as Parameters<typeof setNodeRow>[1]['fields'];
    const stamp = { at: isoSeconds(this.parts.clock.now()), by: actor.who };
    const key = { type: node.type, address: node.address };
    const edit: Step['edit'] = (text) => setNodeRow(text, { ...key, fields: row }, stamp);
    const step: Step = { object: 'sync-controller-registry', key: 'registry.json', edit };
    await writeNoted(this.at(node), [step], actor);
    if ((await this.pending()).some((stone) => stone.node === node.id))
      await this.parts.tombstones.drop(node.id);
  }

  /** Where the row of a node stands, or stood. */
  private sourceOf(node: Node): Source {
    return this.parts.sourceOf?.(node) ?? this.parts.source;
  }

  private at(node: Node): Pick<RemovalParts, 'source' | 'history'> & { readonly share: string | undefined } {
    return { ...this.parts, source: this.sourceOf(node), share: node.source };
  }

  private async bury(
    node: Node,
    stone: Tombstone,
    { outlook, signal }: { outlook: Outlook; signal: AbortSignal },
  ): Promise<RemovalReport> {
    const { transport, endpointOf, terms, random, clusterId, deadlineMs, visits, log } = this.parts;
    if (terms.current() === undefined)
      throw new SyncError('conflict', 'node remove: expected a term, got none', { remedy: 'syncctl doctor' });
    const endpoint = await endpointOf(node);
    const lane = { transport, endpoint, clusterId, random, deadlineMs };
    // A push that has begun ends first: what it installs after our withdrawal would stay.
    const alone = flightsOver(transport);
    for (const kind of stone.targets) {
      const answer = await alone.run(flightTo(endpoint), () =>
        withdraw(lane, kind, () => terms.next(), signal),
      );
      if (isFailed(answer)) {
        if (endpoint.pull === true) visits?.await(node.id);
        log.warn('a removed node still holds our target; it is tried again', {
          node: node.id,
          kind,
          cause: answer.cause,
        });
        return removalReport(node, { result: 'pending', ...answer }, outlook);
      }
    }
    await this.letGo(node.id);
    return removalReport(node, { result: 'withdrawn' }, outlook);
  }

  /** Nothing of a node is left to withdraw: it is forgotten, and what let it in ends. */
  private async letGo(id: NodeId): Promise<void> {
    const { tombstones, nodeTokens, visits } = this.parts;
    await tombstones.drop(id);
    await nodeTokens?.revoke(id);
    visits?.forget(id);
  }
}

/** The node of a tombstone, as it was when it was removed. */
export function nodeOf(stone: Tombstone): Node {
  return JSON.parse(stone.row) as Node;
}
