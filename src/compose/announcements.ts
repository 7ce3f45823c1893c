import type { Settings } from '../config/settings.ts';
import { waited, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { registryObjects, type RawObject, type RegistryObject } from '../model/snapshot.ts';
import { standOf, type Stand } from '../notify/announce/applied.ts';
import { EventDesk } from '../notify/announce/event-desk.ts';
import { quarantineNote, sayings, withheldNote } from '../notify/announce/objects.ts';
import { announcedView } from './announced-view.ts';
import type { ControllerParts } from '../reconcile/parts.ts';
import { desiredDigest } from '../reconcile/reconciler.ts';
import type { Announcer, EventText } from '../registry/announcer.ts';
import { isFailure } from '../registry/kubernetes-failure.ts';

export interface AnnouncementParts {
  readonly settings: Settings['announce'];
  readonly announcer: Announcer;
  /** The one of several sources beside whose registries it is written. */
  readonly share?: string | undefined;
  readonly parts: Pick<ControllerParts, 'fleet' | 'status' | 'registry' | 'history' | 'standing'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The annotation that says which revision is live. */
export const appliedAnnotation = 'sync-controller/applied-revision';

// What comes at once is told at once; nothing is looked at while nothing happens.
const settleMs = 1_000;
const forbiddenMs = 600_000;
const againMs = 30_000;
// The history names a revision a moment after it came into force, if it can at all.
const unnamedLooks = 10;

/** Writes Events and the annotation on the registries. It hears what happens, looks a moment later, and nothing waits for it. */
export class Announcements {
  readonly #parts: AnnouncementParts;
  readonly #desk: EventDesk;
  readonly #stop = new AbortController();
  readonly #leave: readonly (() => void)[];
  readonly #told = new Map<string, string>();
  readonly #annotated = new Map<RegistryObject, string>();
  readonly #warned = new Set<string>();
  #applied: { readonly digest: string; readonly said: ReadonlyMap<RegistryObject, string> } | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #unnamed = 0;
  #quietUntilMs = 0;

  constructor(parts: AnnouncementParts) {
    this.#parts = parts;
    const { announcer, clock, random } = parts;
    const onFailure = (error: unknown): number | undefined => this.#failed('events', error);
    this.#desk = new EventDesk({ announcer, clock, random, onFailure });
    const stir = (): void => this.#stir();
    const { registry, status } = parts.parts;
    this.#leave = [registry.subscribe(stir), status.subscribe(stir)];
    this.#recall();
    stir();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const leave of this.#leave) leave();
    await this.#looking;
    await this.#desk.close();
  }

  #stir(): void {
    this.#again = true;
    if (this.#stop.signal.aborted) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#parts;
    while (this.#again) {
      if (!(await waited(clock, settleMs, this.#stop.signal))) return;
      this.#again = false;
      try {
        await this.#tell();
      } catch (error) {
        log.debug('what became of the registries could not be written beside them', { error });
      }
    }
  }

  async #tell(): Promise<void> {
    const { fleet, registry, standing } = this.#parts.parts;
    // Whoever writes to the nodes is who speaks of it.
    if (['rival', 'no-term'].includes(standing.state().kind)) return;
    const effective = fleet.effective();
    const view = announcedView(registry, this.#parts.share);
    if (view === undefined || effective === undefined) return;
    this.#recall();
    const { objects, findings, place } = view;
    const held = view.held(fleet.current()?.held ?? []);
    for (const object of objects.values()) {
      this.#note(object, 'Quarantined', quarantineNote(findings, `${place}${object.name}`));
      this.#note(object, 'Withheld', withheldNote(held, object.name));
    }
    const stand = standOf(this.#stands());
    if (!stand.applied) return;
    const name = this.#nameOf(effective.digest);
    if (name === undefined) return;
    if (this.#applied?.digest !== effective.digest) {
      const { digest } = effective;
      this.#tellApplied(objects, { name, digest, said: sayings(view.own(effective)), stand });
    }
    await this.#annotate(objects, name);
  }

  /**
   * What was live before a restart is no news after it, and an edit that comes before the nodes are verified again must not make it
   * such: the annotations say that it was told.
   */
  #recall(): void {
    const { fleet, registry, history } = this.#parts.parts;
    const effective = fleet.effective();
    const view = announcedView(registry, this.#parts.share);
    if (this.#applied !== undefined || effective === undefined || view === undefined) return;
    const number = history?.revisionNumber(effective.digest);
    const objects = [...view.objects.values()];
    if (number === undefined || objects.length === 0) return;
    if (objects.some(({ annotations }) => annotations[appliedAnnotation] !== revisionOf(number))) return;
    this.#applied = { digest: effective.digest, said: sayings(view.own(effective)) };
  }

  *#stands() {
    const { fleet, status } = this.#parts.parts;
    for (const id of fleet.current()?.nodes.keys() ?? []) {
      const wanted = desiredDigest(fleet.newestOf(id));
      yield { wanted, isTurn: desiredDigest(fleet.planOf(id)) === wanted, status: status.get(id) };
    }
  }

  /** `R12`; undefined while the history may still name it. */
  #nameOf(digest: string): string | undefined {
    const { history } = this.#parts.parts;
    const number = history?.revisionNumber(digest);
    if (number !== undefined) {
      this.#unnamed = 0;
      return revisionOf(number);
    }
    this.#unnamed += 1;
    if (history === undefined || this.#unnamed > unnamedLooks) return digest.slice(0, 12);
    this.#again = true;
    return undefined;
  }

  #tellApplied(objects: ReadonlyMap<RegistryObject, RawObject>, revision: Revision): void {
    const { name, digest, said, stand } = revision;
    const before = this.#applied;
    this.#applied = { digest, said };
    for (const object of objects.values()) {
      // After a start the annotation alone knows whether it is news.
      const isNews =
        before === undefined
          ? this.#parts.settings.annotation && object.annotations[appliedAnnotation] !== name
          : before.said.get(object.name) !== said.get(object.name);
      if (isNews) this.#event(object, { type: 'Normal', reason: 'Applied', note: appliedNote(name, stand) });
    }
  }

  #note(object: RawObject, reason: 'Quarantined' | 'Withheld', note: string | undefined): void {
    const key = `${object.name} ${reason}`;
    if (this.#told.get(key) === note) return;
    if (note === undefined) this.#told.delete(key);
    else {
      this.#told.set(key, note);
      this.#event(object, { type: 'Warning', reason, note });
    }
  }

  #event(object: RawObject, what: Pick<EventText, 'type' | 'reason' | 'note'>): void {
    if (!this.#parts.settings.events) return;
    this.#desk.push({ object: object.name, uid: object.uid, version: object.resourceVersion, ...what });
  }

  async #annotate(objects: ReadonlyMap<RegistryObject, RawObject>, name: string): Promise<void> {
    const { settings, announcer, clock } = this.#parts;
    if (!settings.annotation || clock.monotonic() < this.#quietUntilMs) return;
    for (const object of registryObjects) {
      const raw = objects.get(object);
      // Told once: an admin who takes it away has it back with the next revision.
      if (raw === undefined || this.#annotated.get(object) === name) continue;
      if (raw.annotations[appliedAnnotation] !== name) {
        try {
          const annotations = { [appliedAnnotation]: name };
          const done = await announcer.annotate({ object, version: raw.resourceVersion, annotations });
          if (done === 'changed') {
            this.#again = true;
            continue;
          }
        } catch (error) {
          this.#later(this.#failed('annotation', error) ?? forbiddenMs);
          return;
        }
      }
      this.#annotated.set(object, name);
    }
  }

  /** Nothing is written for so long, and then what is true then. */
  #later(ms: number): void {
    const { clock } = this.#parts;
    this.#quietUntilMs = clock.monotonic() + ms;
    void waited(clock, ms, this.#stop.signal).then((isOver) => {
      if (isOver) this.#stir();
    });
  }

  /** A right that is missing is told once; it may be given later. */
  #failed(what: 'events' | 'annotation', error: unknown): number | undefined {
    const { log, share } = this.#parts;
    const isForbidden = isFailure(error, 'forbidden', 'unauthorised');
    const isFinal = isForbidden || isFailure(error, 'refused', 'not-found');
    if (isFinal && !this.#warned.has(what)) {
      this.#warned.add(what);
      log.warn(`${messages[what]}; everything else goes on`, {
        reason: messageOf(error),
        setting: `announce.${what}`,
        ...(share === undefined ? {} : { source: share }),
      });
    } else log.debug(messages[what], { reason: messageOf(error) });
    if (isForbidden) return forbiddenMs;
    return isFinal ? undefined : againMs;
  }
}

const messages = {
  events: 'no Events can be written on the registries',
  annotation: 'the applied revision cannot be noted on the registries',
} as const;

interface Revision {
  readonly name: string;
  readonly digest: string;
  readonly said: ReadonlyMap<RegistryObject, string>;
  readonly stand: Stand;
}

function revisionOf(number: number): string {
  return `R${String(number)}`;
}

function appliedNote(name: string, { live, away }: Stand): string {
  const nodes = `${name} is live on ${String(live)} ${live === 1 ? 'node' : 'nodes'}`;
  return away === 0 ? nodes : `${nodes}; ${String(away)} away, pushed when they return`;
}
