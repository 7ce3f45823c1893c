import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { SyncError } from '../lib/errors.ts';
import type { Actor, ControllerApi, PlanRequest, PushRequest } from '../contract/controller.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from '../contract/report.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from '../contract/lifecycle.ts';
import { targetKinds } from '../model/bundle.ts';
import { askFleet } from './ask-fleet.ts';
import type { ControllerParts } from './parts.ts';
import { nodeOf, Removal } from './removal.ts';
import { desiredDigest } from './reconciler.ts';
import { heldReport, nodeReport, pushReport } from './report.ts';
import { isMeant, onlyOne, selectNodes } from './selection.ts';
import { controllerStatus } from './status-report.ts';
import { observe, observeOffline } from './observe.ts';

/**
 * The controller: joins what should be, the decision, the way there and what we know.
 * `run` is the daemon's life; `runOnce` brackets one command without a daemon.
 */
export class Controller implements ControllerApi, NodeLifecycle {
  private readonly parts: ControllerParts;
  private readonly removal: Removal;
  private readonly stop = new AbortController();
  private readonly background: Promise<unknown>[] = [];
  private ready = false;

  constructor(parts: ControllerParts) {
    this.parts = parts;
    this.removal = new Removal(parts);
  }

  /** Reads the registries, plans, and starts the loop; begins no term and writes nothing yet. */
  async open(): Promise<void> {
    const { registry, fleet, loop, status } = this.parts;
    await fleet.load();
    await Promise.all([registry.load(this.stop.signal), status.open()]);
    status.observe(registry.current().snapshot?.nodes ?? new Map());
    await this.replan();
    this.background.push(loop.run(this.stop.signal), this.parts.presence.run(this.stop.signal));
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
  async follow(): Promise<void> {
    const { registry, log } = this.parts;
    const unsubscribe = registry.subscribe((state, what) => {
      if (what === 'desired') void this.replan().catch((error: unknown) => { log.error('planning failed', { error }); });
      else if (state.sourceState === 'fresh') log.info('the registries can be read', { findings: state.snapshot?.findings.length ?? 0 });
      else log.warn('the registries cannot be read; the last good state stays', { reason: state.reason });
    });
    this.stop.signal.addEventListener('abort', unsubscribe, { once: true });
    await registry.start(this.stop.signal);
    this.background.push(registry.stopped(), this.parts.status.follow(() => registry.current().snapshot?.nodes, this.stop.signal));
    this.pushAllAgain();
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
      if (plan !== undefined) status.expect(id, desiredDigest(plan));
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

  /** Queues a push of every node: after a term has begun late. */
  pushAllAgain(): void {
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'change');
  }

  /** Queues a look at every node: the hourly pass. */
  lookAtAll(): void {
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'look');
    void this.removal.retry(this.stop.signal).catch((error: unknown) => { this.parts.log.warn('withdrawals were not retried', { error }); });
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
    await this.refresh();
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
    this.pushAllAgain();
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    const heard = await askFleet(this.ids(), this.parts, this.stop.signal);
    const term = await this.parts.standing.begin(heard);
    await this.parts.decisions.audit(actor, 'term take', `epoch ${String(term.epoch)}`);
    this.pushAllAgain();
    return { epoch: term.epoch, writer: term.writer };
  }

  async removeNode(request: RemovalRequest): Promise<RemovalReport> {
    const { fleet, loop, memory, decisions } = this.parts;
    await this.refresh();
    await decisions.audit(request.actor, request.abandon ? 'node remove --abandon' : 'node remove', request.node);
    const known = new Map([...fleet.orphans(), ...this.snapshot().nodes]);
    const buried = (await this.parts.tombstones.list().catch(() => [])).find((stone) => stone.state === 'pending' && isMeant(nodeOf(stone), request.node));
    if (buried !== undefined && !known.has(buried.node)) {
      const ended = await this.removal.endTombstone(buried.node, request.abandon, this.stop.signal);
      if (ended !== undefined) return ended;
    }
    const id = onlyOne(selectNodes([request.node], known), request.node);
    const node = known.get(id);
    if (node === undefined) throw new SyncError('internal', `no row of ${id}`);
    const kinds = targetKinds.filter((kind) => memory.recall(id, kind) !== undefined || fleet.planOf(id)?.bundles.some((bundle) => bundle.kind === kind) === true);
    fleet.expectRemoval(id);
    loop.forget(id);
    this.parts.presence.forget(id);
    const report = await this.removal.remove(node, kinds, request, this.stop.signal);
    await fleet.settleOrphan(id);
    await this.refresh();
    return report;
  }

  async restoreNode(node: string, actor: Actor): Promise<void> {
    const { fleet, decisions } = this.parts;
    const orphans = fleet.orphans();
    const lost = orphans.get(onlyOne(selectNodes([node], orphans), node));
    if (lost === undefined) throw new SyncError('notFound', `node restore: expected an orphaned node, got ${JSON.stringify(node)}`);
    await this.removal.restore(lost, actor);
    await decisions.audit(actor, 'node restore', lost.id);
    await this.refresh();
  }

  /** Stops the loop, waits for what is in flight at most `ms`, writes earned statuses, closes every session. */
  async close(ms = 8_000): Promise<void> {
    this.stop.abort(new SyncError('unavailable', 'the controller is stopping'));
    const { clock, transport, status, source, log } = this.parts;
    await Promise.race([Promise.allSettled(this.background), clock.sleep(ms)]);
    await status.flush().catch((error: unknown) => { log.warn('statuses could not be written', { error }); });
    status.close();
    await transport.close();
    await source.close();
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


  private async refresh(): Promise<void> {
    await this.parts.registry.refresh(this.stop.signal);
    await this.replan();
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
