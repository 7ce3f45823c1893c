import type { Finding, RawObject, RegistryObject, Snapshot, SourceShare } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { Coalescer } from './coalesce.ts';
import { LastGood, type ParseRegistries } from './last-good.ts';
import { openSealed } from './sealed/opened.ts';
import type { Source } from './source.ts';

export interface RegistryState {
  /** The newest usable state; undefined only while nothing was ever read. */
  readonly snapshot: Snapshot | undefined;
  /** `fresh`: the source was read. `last-good`: it cannot be read and an earlier state stands in. `none`: there is no state at all. */
  readonly sourceState: 'fresh' | 'last-good' | 'none';
  /** The objects that a fresh state was read from. */
  readonly objects?: ReadonlyMap<RegistryObject, RawObject>;
  /** The objects that were read last, also where they cannot be read now. */
  readonly kept?: ReadonlyMap<RegistryObject, RawObject>;
  /** Why the state is not fresh, and what mends it. */
  readonly reason: string | undefined;
  readonly remedy: string | undefined;
  /** When it was first heard that something may have changed, and when it was read; wall clock. */
  readonly heardMs?: number;
  readonly readMs?: number;
}

/** `desired`: what nodes should hold may differ. `source`: only what we know of the source changed. */
export type RegistryListener = (state: RegistryState, what: 'desired' | 'source') => void;

/** What should be, kept up to date, from one source or from several. */
export interface Registries {
  /** Restores the last good state, reads once, and follows the source until the signal fires. Resolves after the first read. */
  start(signal: AbortSignal): Promise<RegistryState>;
  /** Restores the last good state and reads once, without following: what a single command needs. */
  load(signal: AbortSignal): Promise<RegistryState>;
  /** Resolves when the watch has ended after the signal of `start`. */
  stopped(): Promise<void>;
  current(): RegistryState;
  /** Calls back after every change. @returns how to stop that. */
  subscribe(listener: RegistryListener): () => void;
  /** Reads now. */
  refresh(signal: AbortSignal): Promise<RegistryState>;
  /** Each of several sources as it is now; absent with one. */
  shares?(): readonly ShareNow[];
}

/** One of several sources as it is now. In their list home is the first one. */
export interface ShareNow extends SourceShare {
  readonly priority: number;
  readonly reason: string | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly objects: RegistryState['objects'];
  readonly kept: RegistryState['kept'];
  readonly source: Source;
  readonly parse: ParseRegistries;
}

export interface RegistryOptions {
  readonly source: Source;
  readonly parse: ParseRegistries;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly quietMs?: number;
  readonly capMs?: number;
  /** Pause before a source that could not be read is read again. */
  readonly retryMs?: number;
  /** A server that shows older versions than the last process saw is behind, for a while; one command has no while to wait. */
  readonly recalls?: boolean;
  /** A sentence for the log; nothing here is fatal. */
  readonly warn?: (message: string) => void;
}

/** What should be, kept up to date: a source, its parser, its last good state, and one event per real change. */
export class Registry implements Registries {
  readonly #options: RegistryOptions;
  readonly #lastGood: LastGood;
  readonly #bursts: Coalescer;
  readonly #listeners = new Set<RegistryListener>();
  #state: RegistryState = {
    snapshot: undefined,
    sourceState: 'none',
    reason: 'not read yet',
    remedy: undefined,
  };
  #reading: Promise<RegistryState> | undefined;
  #queued: Promise<RegistryState> | undefined;
  /** Sealed values that could not be opened at the last read. */
  #locked = 0;
  #loops: Promise<void> = Promise.resolve();
  #heardMs: number | undefined;

  constructor(options: RegistryOptions) {
    const { source, stateDirectory, parse, clock, quietMs = 50, capMs = 500 } = options;
    const { kind, location } = source.health();
    this.#options = options;
    this.#lastGood = new LastGood({ stateDirectory, source: `${kind} ${location}`, parse });
    this.#bursts = new Coalescer({ quietMs, capMs, clock });
  }

  /** Restores the last good state, reads once, and follows the source until the signal fires. Resolves after the first read. */
  async start(signal: AbortSignal): Promise<RegistryState> {
    const state = await this.load(signal);
    this.#loops = Promise.all([this.#watch(signal), this.#follow(signal)]).then(() => undefined);
    return state;
  }

  /** Restores the last good state and reads once, without following: what a single command needs. */
  async load(signal: AbortSignal): Promise<RegistryState> {
    const { snapshot, damaged, objects = [] } = await this.#lastGood.restore();
    if (this.#options.recalls === true) this.#options.source.recall?.(objects);
    for (const path of damaged) this.#warn(`${path} is damaged and was passed over`);
    // What was read since is newer than its file can be where the disk is full.
    if (snapshot !== undefined && this.#state.snapshot === undefined)
      this.#state = {
        snapshot,
        sourceState: 'last-good',
        kept: new Map(objects.map((one) => [one.name, one])),
        reason: 'the source has not been read since the start',
        remedy: undefined,
      };
    return this.refresh(signal);
  }

  /** Resolves when the watch has ended after the signal of `start`. */
  async stopped(): Promise<void> {
    await this.#loops;
  }

  current(): RegistryState {
    return this.#state;
  }

  /** Calls back after every change. @returns how to stop that. */
  subscribe(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the source now. A call during a read waits for the read after it, which it shares with others that wait. */
  refresh(signal: AbortSignal): Promise<RegistryState> {
    this.#queued ??= this.#readNext(this.#reading, signal);
    return this.#queued;
  }

  async #readNext(before: Promise<unknown> | undefined, signal: AbortSignal): Promise<RegistryState> {
    await before?.catch(() => undefined);
    this.#reading = this.#queued;
    this.#queued = undefined;
    return this.#read(signal);
  }

  async #read(signal: AbortSignal): Promise<RegistryState> {
    const { clock } = this.#options;
    const heardMs = this.#heardMs ?? clock.now();
    this.#heardMs = undefined;
    const reading = await this.#options.source.read(signal);
    if (reading.kind === 'unreadable') {
      const { snapshot: last, kept } = this.#state;
      return this.#adopt({
        snapshot: last,
        sourceState: last === undefined ? 'none' : 'last-good',
        ...(kept === undefined ? {} : { kept }),
        reason: reading.reason,
        remedy: reading.remedy,
      });
    }
    this.#locked = await openSealed(reading.objects.values());
    const parsed = this.#options.parse(reading.objects, this.#state.snapshot);
    await this.#remember(reading.objects, parsed);
    const snapshot = withFindings(parsed, reading.findings);
    const fresh = { sourceState: 'fresh', reason: undefined, remedy: undefined } as const;
    const times = { heardMs, readMs: clock.now() };
    return this.#adopt({ snapshot, objects: reading.objects, kept: reading.objects, ...times, ...fresh });
  }

  async #remember(objects: ReadonlyMap<RegistryObject, RawObject>, snapshot: Snapshot): Promise<void> {
    try {
      await this.#lastGood.remember(objects, snapshot);
    } catch (error) {
      // A full disk must not stop what the registry says from reaching the nodes.
      this.#warn(`the last good state could not be stored: ${messageOf(error)}`);
    }
  }

  #adopt(next: RegistryState): RegistryState {
    const before = this.#state;
    this.#state = next;
    const what =
      desiredOf(before) !== desiredOf(next)
        ? 'desired'
        : sourceOf(before) !== sourceOf(next)
          ? 'source'
          : undefined;
    if (what !== undefined) for (const listener of this.#listeners) listener(next, what);
    return next;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { source, clock } = this.#options;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        const onHint = (): void => {
          this.#heardMs ??= clock.now();
          this.#bursts.poke();
        };
        await source.watch(onHint, signal);
      } catch (error) {
        // A source's watch recovers by itself; one that throws has met something it does not know.
        if (!isOver()) this.#warn(`the watch failed and starts again: ${messageOf(error)}`);
      }
      if (!isOver()) await clock.sleep(1000, signal).catch(() => undefined);
      this.#bursts.poke();
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, retryMs = 5000 } = this.#options;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        // A source that could not be read gives no hint when it can be again; nor does an identity.
        const settled = this.#state.sourceState === 'fresh' && this.#locked === 0;
        await this.#bursts.settled(signal, settled ? undefined : retryMs);
        await this.refresh(signal);
      } catch (error) {
        if (isOver()) return;
        this.#warn(`the registries could not be taken over: ${messageOf(error)}`);
        await clock.sleep(retryMs, signal).catch(() => undefined);
        this.#bursts.poke();
      }
    }
  }

  #warn(message: string): void {
    this.#options.warn?.(message);
  }
}

function withFindings(snapshot: Snapshot, findings: readonly Finding[]): Snapshot {
  const complete = snapshot.complete && !findings.some((finding) => finding.severity === 'error');
  return findings.length === 0
    ? snapshot
    : { ...snapshot, complete, findings: [...findings, ...snapshot.findings] };
}

/** What decides whether a plan may differ. Content decides: formatting, order and our own status fields are not in the digest. */
function desiredOf({ snapshot }: RegistryState): string {
  if (snapshot === undefined) return '';
  const { digest, complete, paused, additionsOnly } = snapshot;
  return JSON.stringify([digest, complete, paused, additionsOnly]);
}

function sourceOf({ sourceState, reason, snapshot }: RegistryState): string {
  return JSON.stringify([sourceState, reason, snapshot?.findings]);
}
