import { targetKinds } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import { SyncError } from '../lib/errors.ts';
import type { Audited, AuditReport } from '../contract/audit.ts';
import type { Actor, ControllerApi, PlanRequest, PushRequest } from '../contract/controller.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from '../contract/lifecycle.ts';
import type { RegistryDesk } from '../contract/registry-routes.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from '../contract/report.ts';
import type { NodeTokenDesk, NodeTokened } from '../contract/node-tokens.ts';
import type { Steered, Steering } from '../contract/steering.ts';
import type { Noticed, Notices } from '../contract/notices.ts';
import type { TokenDesk, Tokened } from '../contract/tokens.ts';
import { auditReport } from './audit-report.ts';
import type { Insight, Insightful } from '../contract/insight.ts';
import { askFleet } from './ask-fleet.ts';
import type { Engine } from './engine.ts';
import type { History } from './history.ts';
import type { ControllerParts } from './parts.ts';
import { planAsked } from './planning.ts';
import { pushAsked, pushEverything } from './pushing.ts';
import { EngineRegistryDesk } from './registry-desk.ts';
import { withoutNode } from '../plan/without-node.ts';
import { nodeOf } from './removal.ts';
import { nothingElse, removalReport, type Outlook } from './removal-report.ts';
import { isMeant, onlyOne, selectNodes } from './selection.ts';
import { SteeringDesk } from './steering.ts';
import { controllerStatus } from './status-report.ts';
import { AuditedNodeTokens } from './node-token-desk.ts';
import { AuditedTokens } from './token-desk.ts';

/** What an admin can ask of the controller, over its engine. */
export class Controller
  implements ControllerApi, NodeLifecycle, Steered, Tokened, NodeTokened, Audited, Noticed, Insightful
{
  private readonly engine: Engine;
  private readonly parts: ControllerParts;

  constructor(engine: Engine) {
    this.engine = engine;
    this.parts = engine.parts;
    this.steering = new SteeringDesk(engine);
    this.tokens = new AuditedTokens(engine.parts);
    this.registries = new EngineRegistryDesk(engine);
    this.nodeTokens = new AuditedNodeTokens(engine);
  }

  /** What was; undefined where nobody keeps it. */
  get history(): History | undefined {
    return this.parts.history;
  }

  /** Rollouts, freezes and drift. */
  readonly steering: Steering;

  /** Messages to people. */
  get notices(): Notices {
    return this.parts.notices;
  }

  /** Who may use the API over TCP. */
  readonly tokens: TokenDesk;

  /** Who may fetch the configuration of a node. */
  readonly nodeTokens: NodeTokenDesk;

  /** The registries themselves. */
  readonly registries: RegistryDesk;

  async audit(limit: number): Promise<readonly AuditReport[]> {
    return (await this.parts.decisions.audits(limit)).map(auditReport);
  }

  /**
   * Why the fleet is as it is. It loads with the first question: it brings the code that rebuilds the past, which most daemons
   * are never asked for.
   */
  readonly insight: Insight = {
    services: async () => (await this.asked()).services(),
    why: async (service) => (await this.asked()).why(service),
    blame: async (node) => (await this.asked()).blame(node),
  };

  async push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite('push', request.actor, request.nodes?.join(' '));
    return pushAsked(this.engine, request, onNode);
  }

  async reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite('reconcile', actor);
    return pushEverything(this.engine, actor, onNode);
  }

  plan(request: PlanRequest): Promise<PlanReport> {
    return planAsked(this.engine, request);
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
    // The end of a freeze that was among them is no news any more.
    this.engine.thaw.stir();
    this.engine.pushAllAgain();
    const { kind, reason } = standing.state();
    if (kind === 'paused')
      throw new SyncError('conflict', `resume: expected pushing to go on, got ${kind}: ${reason}`, {
        remedy: this.pauseRemedy(),
      });
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    this.mustNotObserve('term take');
    // Whoever led until now may have pushed what this controller has not read yet.
    await this.engine.refresh();
    const heard = await askFleet(this.engine.ids(), this.parts, this.engine.signal);
    const term = await this.parts.standing.overrule(heard);
    await this.parts.decisions.audit(actor, 'term take', `epoch ${String(term.epoch)}`);
    this.engine.pushAllAgain();
    return { epoch: term.epoch, writer: term.writer };
  }

  async removeNode(request: RemovalRequest): Promise<RemovalReport> {
    const { fleet, decisions } = this.parts;
    const { removal, signal } = this.engine;
    await this.engine.refresh();
    const known = new Map([...fleet.orphans(), ...this.engine.snapshot().nodes]);
    const { node: word, abandon, dryRun, actor } = request;
    if (!dryRun) this.mustNotObserve('node remove');
    const stone = await removal.tombstoneOf((node) => isMeant(node, word) && !known.has(node.id));
    const node = stone === undefined ? this.oneOf(word, known) : nodeOf(stone);
    const outlook =
      stone === undefined ? await removal.outlook(node, this.engine.snapshot(), signal) : nothingElse;
    if (dryRun) return removalReport(node, { result: 'planned' }, outlook);
    await decisions.audit(actor, abandon ? 'node remove --abandon' : 'node remove', node.id);
    return stone === undefined
      ? this.takeOut(node, outlook, request)
      : removal.endTombstone(stone, abandon, signal);
  }

  async restoreNode(word: string, actor: Actor): Promise<void> {
    this.mustNotObserve('node restore');
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
    const node = this.oneOf(word, lost);
    await this.engine.removal.restore(node, actor);
    await decisions.audit(actor, 'node restore', node.id);
    await this.engine.refresh();
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private oneOf(word: string, nodes: ReadonlyMap<NodeId, Node>): Node {
    const node = nodes.get(onlyOne(selectNodes([word], nodes), word));
    if (node === undefined) throw new SyncError('internal', `no row of ${word}`);
    return node;
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

  private async asked(): Promise<Insight> {
    const { EngineInsight } = await import('./insight.ts');
    return new EngineInsight(this.engine);
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

  /** What it only observes, it changes for nobody. */
  private mustNotObserve(what: string): void {
    const { kind, reason } = this.parts.standing.state();
    if (kind === 'observing')
      throw new SyncError(
        'conflict',
        `${what}: expected a controller that may write, got one of which ${reason}`,
        {
          remedy: 'syncctl adopt',
        },
      );
  }

  private mustWrite(what: string, actor: Actor, nodes = 'all nodes'): void {
    const { kind, reason } = this.parts.standing.state();
    if (kind === 'writing' || kind === 'reasserting') {
      void this.parts.decisions.audit(actor, what, nodes);
      return;
    }
    const remedy = {
      paused: this.pauseRemedy(),
      rival: 'syncctl term take --reason "…"',
      'no-term': 'syncctl doctor',
      observing: 'syncctl adopt',
    }[kind];
    throw new SyncError('conflict', `${what}: expected a controller that may write, got ${kind}: ${reason}`, {
      remedy,
    });
  }
}
