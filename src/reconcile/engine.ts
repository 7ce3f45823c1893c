import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { SyncError } from '../lib/errors.ts';
import type { RegistryListener } from '../registry/registry.ts';
import { askFleet } from './ask-fleet.ts';
import { findingsTeller } from './findings-log.ts';
import type { ControllerParts } from './parts.ts';
import { desiredDigest } from './reconciler.ts';
import { Removal } from './removal.ts';

/** The controller's life: reads, plans, begins a term, follows the registries, stops. What an admin asks of it is in controller.ts. */
export class Engine {
  readonly parts: ControllerParts;
  readonly removal: Removal;
  private readonly tellFindings: ReturnType<typeof findingsTeller>;
  private readonly stop = new AbortController();
  private readonly background: Promise<unknown>[] = [];
  private ready = false;
  private annotated = false;

  constructor(parts: ControllerParts) {
    this.parts = parts;
    this.removal = new Removal(parts);
    this.tellFindings = findingsTeller(parts.log);
  }

  /** Fires when the controller stops. */
  get signal(): AbortSignal {
    return this.stop.signal;
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
      log.warn('the term store cannot be written; re-asserting last-good under the own last term', {
        epoch: term.epoch,
        error,
      });
    }
  }

  /** Keeps the fleet in step until `close`: with what the watch brings, or, without it, with what each pass reads. */
  async follow({ watch }: { readonly watch: boolean } = { watch: true }): Promise<void> {
    const { registry, status } = this.parts;
    this.tellFindings(registry.current().snapshot?.findings ?? []);
    const unsubscribe = registry.subscribe(this.take);
    this.stop.signal.addEventListener('abort', unsubscribe, { once: true });
    if (watch) {
      await registry.start(this.stop.signal);
      this.background.push(registry.stopped());
    }
    this.background.push(status.follow(() => registry.current().snapshot?.nodes, this.stop.signal));
    if (watch) this.pushAllAgain();
    else this.lookAtAll();
  }

  private readonly take: RegistryListener = (state, what) => {
    const { log } = this.parts;
    this.tellFindings(state.snapshot?.findings ?? []);
    if (what === 'desired')
      void this.replan().catch((error: unknown) => {
        log.error('planning failed', { error });
      });
    else if (state.sourceState === 'fresh')
      log.info('the registries can be read', { findings: state.snapshot?.findings.length ?? 0 });
    else log.warn('the registries cannot be read; the last good state stays', { reason: state.reason });
  };

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
    // A pause by annotation changes no plan: nodes that waited for its end are not among the changed ones.
    const annotated = snapshot.paused.length > 0;
    if (this.annotated && !annotated) this.pushAllAgain();
    this.annotated = annotated;
    for (const held of change.held)
      log.warn('removal withheld', { reason: held.reason, approve: `syncctl approve ${held.hash}` });
    for (const id of change.changed) {
      const plan = fleet.planOf(id);
      if (plan !== undefined) status.expect(id, desiredDigest(plan));
      if (this.ready) loop.queue.add(id, 'change');
    }
    if (this.ready && change.changed.length > 0)
      log.info('registry changed', { nodes: change.changed.length });
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
    void this.removal.retry(this.stop.signal).catch((error: unknown) => {
      this.parts.log.warn('withdrawals were not retried', { error });
    });
  }

  /** The hourly pass; `read` where no watch brings the registries. */
  async pass({ read }: { readonly read: boolean }): Promise<void> {
    if (read) await this.parts.registry.refresh(this.stop.signal).catch(() => undefined);
    if (!this.stop.signal.aborted) this.lookAtAll();
  }

  /** Reads the registries now and plans them. */
  async refresh(): Promise<void> {
    await this.parts.registry.refresh(this.stop.signal);
    await this.replan();
  }

  /**
   * What is in force.
   * @throws SyncError `unavailable` before anything could be read.
   */
  snapshot(): Snapshot {
    const snapshot = this.parts.fleet.effective();
    if (snapshot !== undefined) return snapshot;
    const { reason } = this.parts.registry.current();
    throw new SyncError(
      'unavailable',
      `registries: expected a readable source or a last good state, got ${reason ?? 'neither'}`,
    );
  }

  /** Stops the loop, waits for what is in flight and for earned statuses to be written, `ms` at most, then closes every session. */
  async close(ms = 8_000): Promise<void> {
    this.stop.abort(new SyncError('unavailable', 'the controller is stopping'));
    const { clock, transport, status, source, log } = this.parts;
    const end = clock.monotonic() + ms;
    // A node that hangs must leave time for what the others have earned.
    await this.within((ms * 2) / 3, Promise.allSettled(this.background));
    const written = status.flush().catch((error: unknown) => {
      log.warn('statuses could not be written', { error });
    });
    await this.within(end - clock.monotonic(), written);
    status.close();
    await transport.close();
    await source.close();
    await this.parts.memory.flush();
    await this.parts.decisions.close();
  }

  private async within(ms: number, work: Promise<unknown>): Promise<void> {
    const grace = new AbortController();
    await Promise.race([work, this.parts.clock.sleep(ms, grace.signal).catch(() => undefined)]);
    grace.abort();
  }
}
