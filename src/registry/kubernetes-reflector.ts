import { linked } from '../lib/abort.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { ApiFailure, isFailure } from './kubernetes-failure.ts';
import type { KubernetesHttp } from './kubernetes-http.ts';
import type { KubernetesObjects, Version } from './kubernetes-objects.ts';
import { watchEvents } from './kubernetes-watch.ts';

export interface ReflectorSettings {
  /** A watch without a byte for this long is replaced. */
  readonly inactivityMs: number;
  readonly backoffFloorMs: number;
  readonly backoffCapMs: number;
}

export interface ReflectorPorts extends ReflectorSettings {
  readonly http: KubernetesHttp;
  readonly objects: KubernetesObjects;
  readonly clock: Clock;
  readonly random: Random;
  /** Called for every sign of life of the server. */
  readonly onProof: () => void;
}

export interface ReflectorCounts {
  restarts: number;
  stalls: number;
  unreadableEvents: number;
}

/** A watch that lived this long was healthy: the next failure starts the backoff from its floor. */
const healthyMs = 60_000;
const watchSeconds = 240;

/**
 * Follows one object: list, then watch from there; anything odd ends in another list.
 *
 *   listing  -> watching   the list was read (a difference to what was known is told)
 *   watching -> watching   the server ended the watch in good order, or nothing came for too long: from the last version on
 *   watching -> listing    410, an event that cannot be read, the poll proved that something was missed
 *   any      -> waiting    a failure; after the backoff, or at once when the poll gets through again, listing
 *
 * It knows versions only. Content is read by whoever is told.
 */
export class Reflector {
  readonly #name: string;
  readonly #ports: ReflectorPorts;
  readonly #onChange: () => void;
  readonly counts: ReflectorCounts = { restarts: 0, stalls: 0, unreadableEvents: 0 };
  #known: Version | undefined;
  /** Where the next watch begins; undefined asks for a list. */
  #from: string | undefined;
  #everListed = false;
  #failures = 0;
  #endWatch: (() => void) | undefined;
  #endWait: (() => void) | undefined;

  constructor(name: string, ports: ReflectorPorts, onChange: () => void) {
    this.#name = name;
    this.#ports = ports;
    this.#onChange = onChange;
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const began = this.#ports.clock.monotonic();
      try {
        this.#from ??= await this.#list(signal);
        await this.#watch(this.#from, signal);
        // A server that ends every watch at once must not be asked in a loop.
        this.#failures =
          this.#ports.clock.monotonic() - began < this.#ports.backoffFloorMs ? this.#failures + 1 : 0;
        if (this.#failures > 0) await this.#wait(signal, undefined);
      } catch (error) {
        if (isOver()) return;
        await this.#afterFailure(error, { signal, livedMs: this.#ports.clock.monotonic() - began });
      }
      this.counts.restarts++;
    }
  }

  /** Whether this version is another than the one heard of; one that has heard of nothing yet is not behind. */
  isBehind(version: Version | undefined): boolean {
    return this.#everListed && this.#differs(version);
  }

  #differs(version: Version | undefined): boolean {
    return version?.uid !== this.#known?.uid || version?.resourceVersion !== this.#known?.resourceVersion;
  }

  /** The version last heard of, to tell "behind" from "on its way". */
  get known(): Version | undefined {
    return this.#known;
  }

  /** The poll proved that a change was missed: the watch is replaced and the object listed anew, at once. */
  replaceWatch(): void {
    this.counts.stalls++;
    this.#from = undefined;
    this.#endWatch?.();
    this.#endWait?.();
  }

  /** The server answers again: a wait that is left over from its failure ends. */
  wake(): void {
    this.#endWait?.();
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { object, resourceVersion } = await this.#ports.objects.list(this.#name, signal);
    if (!this.#everListed || this.#differs(object)) this.#tell(object);
    this.#everListed = true;
    return resourceVersion;
  }

  #tell(version: Version | undefined): void {
    this.#known =
      version === undefined ? undefined : { uid: version.uid, resourceVersion: version.resourceVersion };
    this.#onChange();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { http, objects, random } = this.#ports;
    using own = linked(signal);
    this.#endWatch = () => own.abort(replaced);
    using quiet = this.#watchdog(() => own.abort(replaced));
    const timeoutSeconds = watchSeconds + Math.floor(random.unit() * 60);
    try {
      const stream = await http.stream(
        objects.watchRequest(this.#name, { resourceVersion, timeoutSeconds, signal: own.signal }),
      );
      for await (const event of watchEvents(stream, () => quiet.feed())) {
        if (event.kind === 'object') {
          this.#from = event.version.resourceVersion;
          this.#tell(event.gone ? undefined : event.version);
        } else if (event.kind === 'bookmark') this.#from = event.resourceVersion;
        else {
          if (event.kind === 'unreadable') this.counts.unreadableEvents++;
          this.#from = undefined;
          return;
        }
      }
    } catch (error) {
      // Ended by ourselves: the next round goes on from where this one was, or from a list if that was asked for.
      if (own.signal.reason !== replaced) throw error;
    } finally {
      this.#endWatch = undefined;
    }
  }

  #watchdog(onQuiet: () => void): Disposable & { feed(): void } {
    const { clock, inactivityMs, onProof } = this.#ports;
    const over = new AbortController();
    let last = clock.monotonic();
    const guard = async (): Promise<void> => {
      for (let left = inactivityMs; left > 0; left = last + inactivityMs - clock.monotonic())
        await clock.sleep(left, over.signal);
      onQuiet();
    };
    guard().catch(() => undefined);
    return {
      feed: () => {
        last = clock.monotonic();
        onProof();
      },
      [Symbol.dispose]: () => over.abort(),
    };
  }

  async #afterFailure(
    error: unknown,
    { signal, livedMs }: { signal: AbortSignal; livedMs: number },
  ): Promise<void> {
    if (livedMs > healthyMs) this.#failures = 0;
    this.#failures++;
    // Whatever broke, the safe way back is a list.
    this.#from = undefined;
    if (isFailure(error, 'gone') && this.#failures === 1) return;
    await this.#wait(signal, error instanceof ApiFailure ? error.retryAfterMs : undefined);
  }

  /** Full jitter above the floor: a fleet of watches does not return in step, and never in a loop. */
  async #wait(signal: AbortSignal, atLeastMs: number | undefined): Promise<void> {
    const { clock, random, backoffFloorMs, backoffCapMs } = this.#ports;
    const ceiling = backoffMs({ baseMs: backoffFloorMs * 2, factor: 2, maxMs: backoffCapMs }, this.#failures);
    const drawn = backoffFloorMs + random.unit() * Math.max(0, ceiling - backoffFloorMs);
    using own = linked(signal);
    this.#endWait = () => own.abort(replaced);
    await clock.sleep(Math.max(drawn, atLeastMs ?? 0), own.signal).catch(() => undefined);
    this.#endWait = undefined;
  }
}

const replaced = new Error('the watch is replaced');
