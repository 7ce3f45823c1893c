import { targetKinds } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import { SyncError } from '../lib/errors.ts';
import type { Actor, ControllerApi, PlanRequest, PushRequest } from '../contract/controller.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from '../contract/lifecycle.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from '../contract/report.ts';
import { askFleet } from './ask-fleet.ts';
import type { Engine } from './engine.ts';
import { observe, observeOffline } from './observe.ts';
import type { ControllerParts } from './parts.ts';
import { nodeOf } from './removal.ts';
import { nodeReport, planReport, pushReport } from './report.ts';
import { isMeant, onlyOne, selectNodes } from './selection.ts';
import { controllerStatus } from './status-report.ts';

/** What an admin can ask of the controller, over its engine. */
export class Controller implements ControllerApi, NodeLifecycle {
  private readonly engine: Engine;
  private readonly parts: ControllerParts;

  constructor(engine: Engine) {
    this.engine = engine;
    this.parts = engine.parts;
  }

  async push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite(request.actor);
    await this.engine.refresh();
    return this.pushAll(selectNodes(request.nodes, this.engine.snapshot().nodes), request.takeOver, onNode);
  }

  async reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite(actor);
    await this.engine.refresh();
    return this.pushAll([...this.engine.snapshot().nodes.keys()], false, onNode);
  }

  async plan(request: PlanRequest): Promise<PlanReport> {
    await this.engine.refresh();
    const { fleet } = this.parts;
    const ids = selectNodes(request.nodes, this.engine.snapshot().nodes);
    const plans = ids.map((id) => fleet.planOf(id)).filter((plan) => plan !== undefined);
    const diffs = request.offline
      ? plans.map((plan) => observeOffline(plan, this.parts.memory))
      : await Promise.all(plans.map((plan) => observe(plan, this.parts, this.engine.signal)));
    return planReport(diffs, plans, fleet.current()?.held ?? []);
  }

  async status(): Promise<ControllerStatus> {
    return Promise.resolve(controllerStatus(this.parts));
  }

  async approve(hash: string, actor: Actor): Promise<{ readonly applied: boolean }> {
    const known = (this.parts.fleet.current()?.held ?? []).some((held) => held.hash === hash);
    if (!known) {
      throw new SyncError(
        'notFound',
        `approve: expected the hash of a withheld removal, got ${JSON.stringify(hash)}`,
        {
          remedy: 'see them with: syncctl status',
        },
      );
    }
    await this.parts.decisions.approve(hash, actor);
    await this.engine.replan();
    return { applied: true };
  }

  async pause(node: string | undefined, actor: Actor): Promise<void> {
    for (const scope of this.scopes(node)) await this.parts.decisions.pause(scope, actor);
  }

  async resume(node: string | undefined, actor: Actor): Promise<void> {
    const { decisions, standing } = this.parts;
    const all = node === undefined ? decisions.pauses().map(({ scope }) => scope) : [];
    for (const scope of new Set([...this.scopes(node), ...all])) await decisions.resume(scope, actor);
    this.engine.pushAllAgain();
    const { kind, reason } = standing.state();
    if (kind === 'paused')
      throw new SyncError('conflict', `resume: expected pushing to go on, got ${kind}: ${reason}`, {
        remedy: this.pauseRemedy(),
      });
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    const heard = await askFleet(this.engine.ids(), this.parts, this.engine.signal);
    const term = await this.parts.standing.begin(heard);
    await this.parts.decisions.audit(actor, 'term take', `epoch ${String(term.epoch)}`);
    this.engine.pushAllAgain();
    return { epoch: term.epoch, writer: term.writer };
  }

  async removeNode(request: RemovalRequest): Promise<RemovalReport> {
    const { fleet, loop, memory, decisions } = this.parts;
    await this.engine.refresh();
    await decisions.audit(
      request.actor,
      request.abandon ? 'node remove --abandon' : 'node remove',
      request.node,
    );
    const known = new Map([...fleet.orphans(), ...this.engine.snapshot().nodes]);
    const buried = (await this.parts.tombstones.list().catch(() => [])).find(
      (stone) => stone.state === 'pending' && isMeant(nodeOf(stone), request.node),
    );
    if (buried !== undefined && !known.has(buried.node)) {
      const ended = await this.engine.removal.endTombstone(buried.node, request.abandon, this.engine.signal);
      if (ended !== undefined) return ended;
    }
    const id = onlyOne(selectNodes([request.node], known), request.node);
    const node = known.get(id);
    if (node === undefined) throw new SyncError('internal', `no row of ${id}`);
    const kinds = targetKinds.filter(
      (kind) =>
        memory.recall(id, kind) !== undefined ||
        fleet.planOf(id)?.bundles.some((bundle) => bundle.kind === kind) === true,
    );
    fleet.expectRemoval(id);
    loop.forget(id);
    this.parts.presence.forget(id);
    const report = await this.engine.removal.remove(node, kinds, request, this.engine.signal);
    await fleet.settleOrphan(id);
    await this.engine.refresh();
    return report;
  }

  async restoreNode(node: string, actor: Actor): Promise<void> {
    const { fleet, decisions } = this.parts;
    const orphans = fleet.orphans();
    const lost = orphans.get(onlyOne(selectNodes([node], orphans), node));
    if (lost === undefined)
      throw new SyncError('notFound', `node restore: expected an orphaned node, got ${JSON.stringify(node)}`);
    await this.engine.removal.restore(lost, actor);
    await decisions.audit(actor, 'node restore', lost.id);
    await this.engine.refresh();
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async pushAll(
    ids: readonly NodeId[],
    takeOver: boolean,
    onNode?: (report: NodeReport) => void,
  ): Promise<PushReport> {
    const { loop, fleet, status, terms, log } = this.parts;
    const nodes = this.engine.snapshot().nodes;
    const reports = await Promise.all(
      ids.map(async (id) => {
        const settled = await loop.push(id, { takeOver });
        const node = nodes.get(id);
        const report = node === undefined ? undefined : nodeReport(node, settled);
        if (report !== undefined) onNode?.(report);
        return report;
      }),
    );
    // The nodes have what they should: that the statuses cannot be told is another matter.
    await status.flush().catch((error: unknown) => {
      log.warn('statuses could not be written', { error });
    });
    return pushReport(
      reports.filter((report) => report !== undefined),
      terms.current(),
      fleet.current()?.held ?? [],
    );
  }

  private scopes(node: string | undefined): readonly string[] {
    return node === undefined ? ['all'] : selectNodes([node], this.engine.snapshot().nodes);
  }

  /** A registry's annotation is the admin's own; a command takes back only what a command has said. */
  private pauseRemedy(): string {
    const { decisions, fleet } = this.parts;
    return decisions.pausedBy('all') === undefined
      ? `remove the annotation sync-controller/paused from ${(fleet.effective()?.paused ?? []).join(', ')}`
      : 'syncctl resume';
  }

  private mustWrite(actor: Actor): void {
    const { kind, reason } = this.parts.standing.state();
    if (kind === 'writing' || kind === 'reasserting') {
      void this.parts.decisions.audit(actor, 'push', actor.reason ?? '').catch(() => undefined);
      return;
    }
    const remedy = {
      paused: this.pauseRemedy(),
      rival: 'syncctl term take --reason "…"',
      'no-term': 'syncctl doctor',
    }[kind];
    throw new SyncError('conflict', `push: expected a controller that may write, got ${kind}: ${reason}`, {
      remedy,
    });
  }
}
