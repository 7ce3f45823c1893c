import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { SyncError } from '../lib/errors.ts';
import type { Actor, ControllerApi, PlanRequest, PushRequest } from '../contract/controller.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from '../contract/report.ts';
import { askFleet } from './ask-fleet.ts';
import type { ControllerParts } from './parts.ts';
import { heldReport, nodeReport, pushReport } from './report.ts';
import { selectNodes } from './selection.ts';
import { controllerStatus } from './status-report.ts';
import { observe, observeOffline } from './observe.ts';

/**
 * The controller: joins what should be, the decision, the way there and what we know.
 * `run` is the daemon's life; `runOnce` brackets one command without a daemon.
 */
export class Controller implements ControllerApi {
  private readonly parts: ControllerParts;
  private readonly stop = new AbortController();
  private readonly background: Promise<unknown>[] = [];
  private ready = false;

  constructor(parts: ControllerParts) {
    this.parts = parts;
  }

  /** Reads the registries, plans, and starts the loop; begins no term and writes nothing yet. */
  async open(): Promise<void> {
    const { registry, fleet, loop } = this.parts;
    await fleet.load();
    await registry.open(this.stop.signal);
    await this.replan();
    this.background.push(loop.run(this.stop.signal));
    this.ready = true;
  }

  /** Begins the term this process pushes under, above what the selected nodes have heard. With the term store down, re-asserts the own last one. */
  async beginTerm(ids: readonly NodeId[]): Promise<void> {
    const { standing, terms, log } = this.parts;
    const heard = await askFleet(ids, this.parts, this.stop.signal);
    try {
      await standing.begin(heard);
    } catch (error) {
      const term = await terms.reassert();
      if (term === undefined) throw error;
      log.warn('the term store cannot be written; re-asserting last-good under the own last term', { epoch: term.epoch, error });
    }
  }

  /** Follows the registries and keeps the fleet in step until `close`. */
  follow(): void {
    const { registry, loop, log } = this.parts;
    const unsubscribe = registry.subscribe(() => {
      void this.replan().catch((error: unknown) => { log.error('planning failed', { error }); });
    });
    this.stop.signal.addEventListener('abort', unsubscribe, { once: true });
    this.background.push(registry.run(this.stop.signal), this.parts.presence.run(this.stop.signal));
    for (const id of this.ids()) loop.queue.add(id, 'change');
  }

  /** Plans the newest snapshot and queues the nodes it changes. */
  async replan(): Promise<void> {
    const { registry, fleet, loop, log, status } = this.parts;
    const { snapshot } = registry.current();
    if (snapshot === undefined) return;
    const change = await fleet.update(snapshot, this.parts.clusterId);
    for (const id of change.gone) {
      loop.forget(id);
      this.parts.presence.forget(id);
    }
    for (const held of change.held) log.warn('removal withheld', { reason: held.reason, approve: `syncctl approve ${held.hash}` });
    for (const id of change.changed) {
      const plan = fleet.planOf(id);
      if (plan !== undefined) status.expect(id, plan.bundles[0]?.digest);
      if (this.ready) loop.queue.add(id, 'change');
    }
    if (this.ready && change.changed.length > 0) log.info('registry changed', { nodes: change.changed.length });
  }

  /** Every node with a plan. */
  ids(): readonly NodeId[] {
    return [...(this.parts.fleet.current()?.nodes.keys() ?? [])];
  }

  /** True until a term has begun, and again while the own last one is only re-asserted. */
  needsTerm(): boolean {
    const { kind } = this.parts.standing.state();
    return kind === 'no-term' || kind === 'reasserting';
  }

  /** Queues a look at every node: the hourly pass. */
  lookAtAll(): void {
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'look');
  }

  async push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite(request.actor);
    return this.pushAll(selectNodes(request.nodes, this.snapshot().nodes), request.takeOver, onNode);
  }

  async reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    this.mustWrite(actor);
    return this.pushAll([...this.snapshot().nodes.keys()], false, onNode);
  }

  async plan(request: PlanRequest): Promise<PlanReport> {
    await this.parts.registry.refresh(this.stop.signal);
    await this.replan();
    const { fleet } = this.parts;
    const ids = selectNodes(request.nodes, this.snapshot().nodes);
    const plans = ids.map((id) => fleet.planOf(id)).filter((plan) => plan !== undefined);
    const diffs = await Promise.all(
      plans.map((plan) =>
        request.offline ? observeOffline(plan, this.parts.memory) : observe(plan, this.parts, this.stop.signal),
      ),
    );
    const count = (state: string): number => diffs.filter((diff) => diff.state === state).length;
    return {
      apiVersion: 'sync-controller/v1',
      kind: 'PlanReport',
      changes: count('changes'),
      inSync: count('in-sync'),
      unknown: count('unknown'),
      nodes: diffs.map(({ id, state, reason, diff }) => ({
        node: id,
        name: fleet.planOf(id)?.node.name ?? id,
        state,
        reason: reason ?? null,
        diff,
      })),
      held: heldReport(fleet.current()?.held ?? []),
    };
  }

  async status(): Promise<ControllerStatus> {
    return Promise.resolve(controllerStatus(this.parts));
  }

  async approve(hash: string, actor: Actor): Promise<{ readonly applied: boolean }> {
    const known = (this.parts.fleet.current()?.held ?? []).some((held) => held.hash === hash);
    if (!known) {
      throw new SyncError('notFound', `approve: expected the hash of a withheld removal, got ${JSON.stringify(hash)}`, {
        remedy: 'see them with: syncctl status',
      });
    }
    await this.parts.decisions.approve(hash, actor);
    await this.replan();
    return { applied: true };
  }

  async pause(node: string | undefined, actor: Actor): Promise<void> {
    for (const scope of this.scopes(node)) await this.parts.decisions.pause(scope, actor);
  }

  async resume(node: string | undefined, actor: Actor): Promise<void> {
    for (const scope of this.scopes(node)) await this.parts.decisions.resume(scope, actor);
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'change');
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    const heard = await askFleet(this.ids(), this.parts, this.stop.signal);
    const term = await this.parts.standing.begin(heard);
    await this.parts.decisions.audit(actor, 'term take', `epoch ${String(term.epoch)}`);
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'change');
    return { epoch: term.epoch, writer: term.writer };
  }

  /** Stops the loop, waits for what is in flight at most `ms`, writes earned statuses, closes every session. */
  async close(ms = 8_000): Promise<void> {
    this.stop.abort(new SyncError('unavailable', 'the controller is stopping'));
    const { clock, transport, status, registry, log } = this.parts;
    await Promise.race([Promise.allSettled(this.background), clock.sleep(ms)]);
    await status.flush().catch((error: unknown) => { log.warn('statuses could not be written', { error }); });
    await transport.close();
    await registry.close();
    await this.parts.decisions.close();
  }

  private async pushAll(ids: readonly NodeId[], takeOver: boolean, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    const { loop, fleet, status, terms } = this.parts;
    const nodes = this.snapshot().nodes;
    const reports = await Promise.all(
      ids.map(async (id) => {
        const settled = await loop.push(id, { takeOver });
        const node = nodes.get(id);
        const report = node === undefined ? undefined : nodeReport(node, settled);
        if (report !== undefined) onNode?.(report);
        return report;
      }),
    );
    await status.flush();
    return pushReport(reports.filter((report) => report !== undefined), terms.current(), fleet.current()?.held ?? []);
  }


  private snapshot(): Snapshot {
    const snapshot = this.parts.fleet.effective();
    if (snapshot !== undefined) return snapshot;
    const { reason } = this.parts.registry.current();
    throw new SyncError('unavailable', `registries: expected a readable source or a last good state, got ${reason ?? 'neither'}`);
  }

  private scopes(node: string | undefined): readonly string[] {
    return node === undefined ? ['all'] : selectNodes([node], this.snapshot().nodes);
  }

  private mustWrite(actor: Actor): void {
    const { kind, reason } = this.parts.standing.state();
    if (kind === 'writing' || kind === 'reasserting') {
      void this.parts.decisions.audit(actor, 'push', actor.reason ?? '').catch(() => undefined);
      return;
    }
    const remedy = { paused: 'syncctl resume', rival: 'syncctl term take --reason "…"', 'no-term': 'syncctl doctor' }[kind];
    throw new SyncError('conflict', `push: expected a controller that may write, got ${kind}: ${reason}`, { remedy });
  }
}
