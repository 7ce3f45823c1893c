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
import { LifecycleDesk } from './lifecycle-desk.ts';
import { mustNotObserve, mustWrite, pauseRemedy } from './may-write.ts';
import type { ControllerParts } from './parts.ts';
import { planAsked } from './planning.ts';
import { pushAsked, pushEverything } from './pushing.ts';
import { EngineRegistryDesk } from './registry-desk.ts';
import { selectNodes } from './selection.ts';
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
  private readonly lifecycle: NodeLifecycle;

  constructor(engine: Engine) {
    this.engine = engine;
    this.parts = engine.parts;
    this.steering = new SteeringDesk(engine);
    this.tokens = new AuditedTokens(engine.parts);
    this.registries = new EngineRegistryDesk(engine);
    this.nodeTokens = new AuditedNodeTokens(engine);
    this.lifecycle = new LifecycleDesk(engine);
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
    this.begin('push', request.actor, request.nodes?.join(' '));
    return pushAsked(this.engine, request, onNode);
  }

  async reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.begin('reconcile', actor);
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
        remedy: pauseRemedy(this.parts),
      });
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    mustNotObserve(this.parts, 'term take');
    // Whoever led until now may have pushed what this controller has not read yet.
    await this.engine.refresh();
    const heard = await askFleet(this.engine.ids(), this.parts, this.engine.signal);
    const term = await this.parts.standing.overrule(heard);
    await this.parts.decisions.audit(actor, 'term take', `epoch ${String(term.epoch)}`);
    this.engine.pushAllAgain();
    return { epoch: term.epoch, writer: term.writer };
  }

  removeNode(request: RemovalRequest): Promise<RemovalReport> {
    return this.lifecycle.removeNode(request);
  }

  restoreNode(word: string, actor: Actor): Promise<void> {
    return this.lifecycle.restoreNode(word, actor);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async asked(): Promise<Insight> {
    const { EngineInsight } = await import('./insight.ts');
    return new EngineInsight(this.engine);
  }

  private scopes(node: string | undefined): readonly string[] {
    return node === undefined ? ['all'] : selectNodes([node], this.engine.snapshot().nodes);
  }

  private begin(what: string, actor: Actor, nodes = 'all nodes'): void {
    mustWrite(this.parts, what);
    void this.parts.decisions.audit(actor, what, nodes);
  }
}
