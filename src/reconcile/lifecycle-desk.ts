import { SyncError } from '../lib/errors.ts';
import { targetKinds } from '../model/bundle.ts';
import type { Node } from '../model/node.ts';
import type { Actor } from '../contract/controller.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from '../contract/lifecycle.ts';
import { withoutNode } from '../plan/without-node.ts';
import type { Engine } from './engine.ts';
import { mustNotObserve } from './may-write.ts';
import type { ControllerParts } from './parts.ts';
import { nodeOf } from './removal.ts';
import { nothingElse, removalReport, type Outlook } from './removal-report.ts';
import { isMeant, oneNode } from './selection.ts';

/** The end of a node's life, and its return. */
export class LifecycleDesk implements NodeLifecycle {
  private readonly engine: Engine;
  private readonly parts: ControllerParts;

  constructor(engine: Engine) {
    this.engine = engine;
    this.parts = engine.parts;
  }

  async removeNode(request: RemovalRequest): Promise<RemovalReport> {
    const { fleet, decisions } = this.parts;
    const { removal, signal } = this.engine;
    await this.engine.refresh();
    const known = new Map([...fleet.orphans(), ...this.engine.snapshot().nodes]);
    const { node: word, abandon, dryRun, actor } = request;
    if (!dryRun) mustNotObserve(this.parts, 'node remove');
    const stone = await removal.tombstoneOf((node) => isMeant(node, word) && !known.has(node.id));
    const node = stone === undefined ? oneNode(word, known) : nodeOf(stone);
    const outlook =
      stone === undefined ? await removal.outlook(node, this.engine.snapshot(), signal) : nothingElse;
    if (dryRun) return removalReport(node, { result: 'planned' }, outlook);
    await decisions.audit(actor, abandon ? 'node remove --abandon' : 'node remove', node.id);
    return stone === undefined
      ? this.takeOut(node, outlook, request)
      : removal.endTombstone(stone, abandon, signal);
  }

  async restoreNode(word: string, actor: Actor): Promise<void> {
    mustNotObserve(this.parts, 'node restore');
    const { fleet, decisions } = this.parts;
    const stones = await this.engine.removal.pending();
    const lost = new Map([
      ...stones.map((stone) => [stone.node, nodeOf(stone)] as const),
      ...fleet.orphans(),
    ]);
    if (![...lost.values()].some((node) => isMeant(node, word)))
      throw new SyncError(
        'notFound',
        `node restore: expected a node whose row vanished or whose removal is pending, got ${JSON.stringify(word)}`,
        { remedy: 'syncctl node add' },
      );
    const node = oneNode(word, lost);
    await this.engine.removal.restore(node, actor);
    await decisions.audit(actor, 'node restore', node.id);
    await this.engine.refresh();
  }

  /** The registries, the plan and the node itself forget a node, in this order. */
  private async takeOut(node: Node, outlook: Outlook, request: RemovalRequest): Promise<RemovalReport> {
    const { fleet, loop, memory, presence, decisions } = this.parts;
    const { id } = node;
    const planned = fleet.planOf(id)?.bundles.map((bundle) => bundle.kind) ?? [];
    const kinds = targetKinds.filter(
      (kind) => memory.recall(id, kind) !== undefined || planned.includes(kind),
    );
    const own = await this.approveOwn(node, request.actor);
    fleet.beginRemoval(id);
    loop.forget(id);
    presence.forget(id);
    let done = false;
    try {
      const { abandon, actor } = request;
      const deed = { node, kinds, outlook, abandon, actor };
      const report = await this.engine.removal.remove(deed, this.engine.signal);
      done = true;
      await fleet.settleOrphan(id);
      return report;
    } finally {
      await this.engine.refresh().catch((error: unknown) => {
        this.parts.log.warn('the registries could not be read after a removal', { error });
      });
      fleet.endRemoval(id, done);
      // What broke off with the row still there is a node as before, and has missed a push.
      if (!done && this.parts.daemon && fleet.planOf(id) !== undefined) loop.queue.add(id, 'change');
      for (const hash of own) if (decisions.approvals().has(hash)) await decisions.spend(hash);
    }
  }

  /** The admin saw what goes and confirmed it: the guard must not hold the names of the removed node, and only those. */
  private async approveOwn(node: Node, actor: Actor): Promise<readonly string[]> {
    const { fleet, decisions } = this.parts;
    const own = fleet.heldBy(withoutNode(this.engine.snapshot(), node)).map(({ hash }) => hash);
    for (const hash of own) await decisions.approve(hash, actor);
    return own;
  }
}
