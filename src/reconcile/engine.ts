import { causeOf } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { atMost } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { RegistryListener } from '../registry/registry.ts';
import { typeScope } from '../store/decisions.ts';
import type { Pause } from '../store/records.ts';
import { askFleet } from './ask-fleet.ts';
import { findingsTeller } from './findings-log.ts';
import { fileInForce } from './filing.ts';
import type { ControllerParts } from './parts.ts';
import { desiredDigest } from './reconciler.ts';
import { claimOn } from './removal-claim.ts';
import { Removal } from './removal.ts';
import { failingOf } from './failing.ts';
import { receiveNodes } from './receive-nodes.ts';
import { thawOver, type Thaw } from './thaw.ts';

// What was told last is worth a moment, not the whole stop.
const historyMs = 2_000;
const planAgainMs = 5_000;

/** The controller's life: reads, plans, begins a term, follows the registries, stops. What an admin asks of it is in controller.ts. */
export class Engine {
  readonly parts: ControllerParts;
  readonly removal: Removal;
  private readonly tellFindings: ReturnType<typeof findingsTeller>;
  private readonly stop = new AbortController();
  private readonly background: Promise<unknown>[] = [];
  private ready = false;
  /** The registries were read in this life: a last good state from before it counts no more. */
  private read = false;
  private annotated = false;
  /** Ends freezes at their time. */
  readonly thaw: Thaw;

  constructor(parts: ControllerParts) {
    this.parts = parts;
    this.removal = new Removal(parts);
    this.tellFindings = findingsTeller(parts.log);
    this.thaw = thawOver(parts, (pause) => {
      this.thawed(pause);
    });
    parts.rollout?.connect({
      moved: (ids) => {
        this.move(ids);
      },
      look: (ids) => {
        for (const id of ids) parts.loop.queue.add(id, 'look');
      },
      isAway: (id) => {
        const cause = parts.status.get(id)?.cause;
        return cause !== undefined && causeOf(cause).offline;
      },
      failing: (id) => failingOf(parts.status.get(id)),
      isWriting: () => parts.standing.state().kind === 'writing',
      signal: this.stop.signal,
    });
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
    this.background.push(this.parts.senses?.run(this.stop.signal) ?? Promise.resolve());
    this.ready = true;
  }

  /**
   * Begins the term this process pushes under, above what the selected nodes have heard. With the term store down or the
   * registries never read, re-asserts the own last one.
   */
  async beginTerm(ids: readonly NodeId[]): Promise<void> {
    const { standing, terms, log } = this.parts;
    if (standing.state().kind === 'observing') return;
    const heard = await askFleet(ids, this.parts, this.stop.signal);
    // Whoever led until now may have pushed what came while the nodes were asked: what was read before that is older than it.
    await this.refresh().catch(() => undefined);
    try {
      this.mustHaveRead();
      await standing.begin(heard);
    } catch (error) {
      const term = await terms.reassert(this.parts.clusterId);
      if (term === undefined) throw error;
      log.warn('no new term can begin; re-asserting last-good under the own last term', {
        epoch: term.epoch,
        error,
      });
    }
  }

  /** Nodes may hold newer bytes than a last good state that was never held against its source: under a new term it would win over them. */
  private mustHaveRead(): void {
    const { sourceState, reason, remedy } = this.parts.registry.current();
    this.read ||= sourceState === 'fresh';
    if (this.read || sourceState === 'none') return;
    const message = `registries: expected to be read once before a term begins, got ${reason ?? 'nothing'}`;
    throw new SyncError('unavailable', message, remedy === undefined ? {} : { remedy });
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
    this.background.push(this.thaw.run(this.stop.signal));
    this.parts.rollout?.begin();
    if (watch) this.pushAllAgain();
    else this.lookAtAll();
  }

  private readonly take: RegistryListener = (state, what) => {
    const { log } = this.parts;
    this.tellFindings(state.snapshot?.findings ?? []);
    this.read ||= state.sourceState === 'fresh';
    if (what === 'desired') void this.planPatiently();
    else if (state.reason === undefined) {
      log.info('the registries can be read', { findings: state.snapshot?.findings.length ?? 0 });
      this.file();
    } else {
      // With several the others go on.
      const unread = state.sourceState === 'fresh' ? 'a source' : 'the registries';
      log.warn(`${unread} cannot be read; the last good state stays`, { reason: state.reason });
    }
  };

  /** The registry says a change once: a plan that could not be made is made again. */
  private async planPatiently(): Promise<void> {
    const { log, clock } = this.parts;
    while (!this.stop.signal.aborted) {
      try {
        await this.replan();
        return;
      } catch (error) {
        log.error('planning failed; it is tried again', { error });
      }
      await clock.sleep(planAgainMs, this.stop.signal).catch(() => undefined);
    }
  }

  /** Plans the newest snapshot and queues the nodes it changes. */
  async replan(): Promise<void> {
    const { registry, fleet, loop, log, status, daemon } = this.parts;
    const { snapshot } = registry.current();
    if (snapshot === undefined) return;
    const change = await fleet.update(snapshot, this.parts.clusterId);
    // What came in between files itself.
    if (registry.current().snapshot?.digest === snapshot.digest) this.file(change.letGo);
    for (const id of change.gone) {
      loop.forget(id);
      this.parts.presence.forget(id);
    }
    // A pause by annotation changes no plan: nodes that waited for its end are not among the changed ones.
    const annotated = snapshot.paused.length > 0;
    if (this.annotated && !annotated) this.pushAllAgain();
    this.annotated = annotated;
    // A command tells it in its report.
    const level = daemon ? 'warn' : 'debug';
    for (const held of change.held)
      log[level]('removal withheld', { reason: held.reason, approve: `syncctl approve ${held.hash}` });
    for (const id of change.changed) {
      const plan = fleet.planOf(id);
      if (plan !== undefined) status.expect(id, desiredDigest(plan));
      if (this.ready && daemon) loop.queue.add(id, 'change');
    }
    if (this.ready && change.changed.length > 0)
      log.info('registry changed', { nodes: change.changed.length });
  }

  /** Nodes get another plan by the rollout; a command that has begun it brings it to them, too. */
  private move(ids: readonly NodeId[]): void {
    const { fleet, loop, status } = this.parts;
    for (const id of ids) {
      const plan = fleet.planOf(id);
      if (plan === undefined) continue;
      status.expect(id, desiredDigest(plan));
      loop.queue.add(id, 'change');
    }
  }

  /** What waited for the end of a freeze. */
  private thawed({ scope }: Pause): void {
    this.parts.log.info('a freeze has ended', { scope });
    const isMeant = (id: NodeId): boolean => scope === 'all' || scope === id || scope === typeScope(id);
    for (const id of this.ids().filter(isMeant)) this.parts.loop.queue.add(id, 'change');
  }

  private file(letGo: readonly string[] = []): void {
    fileInForce(this.parts, letGo);
  }

  /** Every node with a plan. */
  ids(): readonly NodeId[] {
    return [...(this.parts.fleet.current()?.nodes.keys() ?? [])];
  }

  /** True until a term has begun, and again while the own last one is only re-asserted. */
  needsTerm(): boolean {
    const { standing, terms } = this.parts;
    // A pause hides that no term has begun; a rival's claim only a person may end.
    if (['rival', 'observing'].includes(standing.state().kind)) return false;
    return terms.current() === undefined || terms.isReasserting();
  }

  /** A door is open for nodes that come themselves. */
  receive(silentMs: number): void {
    const onGone = this.retryRemovals;
    this.background.push(receiveNodes(this.parts, { silentMs, onGone }, this.stop.signal));
  }

  /** Queues a push of every node: after a term has begun late. */
  pushAllAgain(): void {
    // A command brings to the nodes what it was asked for, and ends.
    if (this.parts.daemon) for (const id of this.ids()) this.parts.loop.queue.add(id, 'change');
  }

  /** Queues a look at every node: the hourly pass. */
  lookAtAll(): void {
    for (const id of this.ids()) this.parts.loop.queue.add(id, 'look');
    if (this.parts.standing.state().kind !== 'observing') this.retryRemovals();
  }

  private readonly retryRemovals = (): void => {
    const onFailure = (error: unknown): void =>
      this.parts.log.warn('withdrawals were not retried', { error });
    void this.removal.retry((id) => claimOn(id, this.parts), this.stop.signal).catch(onFailure);
  };

  /** The hourly pass; `read` where no watch brings the registries. */
  async pass({ read }: { readonly read: boolean }): Promise<void> {
    if (read) await this.parts.registry.refresh(this.stop.signal).catch(() => undefined);
    if (!this.stop.signal.aborted) this.lookAtAll();
  }

  /** Reads the registries now, for whoever has heard of an edit otherwise than by the watch. What it brings is planned as always; nobody waits for it. */
  look(): void {
    void this.parts.registry.refresh(this.stop.signal).catch((error: unknown) => {
      if (!this.stop.signal.aborted)
        this.parts.log.warn('the registries could not be read at once; the poll reads them', { error });
    });
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
    await atMost(clock, (ms * 2) / 3, Promise.allSettled(this.background));
    const written = status.flush().catch((error: unknown) => {
      log.warn('statuses could not be written', { error });
    });
    await atMost(clock, end - clock.monotonic(), written);
    status.close();
    await transport.close();
    await source.close();
    await this.parts.memory.flush();
    await atMost(clock, historyMs, this.parts.history?.close() ?? Promise.resolve());
    await this.parts.decisions.close();
  }
}
