/**
 * Who is told what, without any way of telling: readings of nodes and conditions go in, news comes out.
 *
 *   well -> failing   told once it has lasted: `groupMs`, or `pendingMs` where it may pass by itself. All that fail by the
 *                     same cause at that moment are one incident; what follows within `joinMs` joins it in silence.
 *   failing -> well   leaves its incident; one without members for `quietMs` is over, and that is told.
 *   flapping          `flapCount` failures within `flapWindowMs`: an incident of its own, until nothing changes for `stableMs`.
 *
 * Invariants: news of one incident is `firing`, then at most one `resolved`; something is in one incident at most; between two
 * news of one subject lies a failure that lasted, so that n subjects cause a bounded number of news in any time.
 */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { join, leave, type Incident, type News } from './incident.ts';
import {
  forgettableAt,
  isStable,
  newSubject,
  note,
  pending,
  settle,
  type Pace,
  type Subject,
} from './subject.ts';
import type { Reading, SubjectId, Trouble } from './trouble.ts';

export interface IncidentParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly pace: Pace;
}

/** The incidents that are open, and what may become one. */
export class Incidents {
  private readonly parts: IncidentParts;
  private readonly subjects = new Map<SubjectId, Subject>();
  private readonly open = new Set<Incident>();

  constructor(parts: IncidentParts) {
    this.parts = parts;
  }

  /** Takes one reading; costs the same however many there are. @returns the moment by which `advance` is due. */
  observe(id: SubjectId, reading: Reading): number | undefined {
    const now = this.now();
    const known = this.subjects.get(id);
    if (known === undefined && (reading === 'well' || reading === 'unknown')) return undefined;
    const subject = known ?? newSubject(id, now);
    this.subjects.set(id, subject);
    note(subject, reading, { now, pace: this.parts.pace });
    const { incident } = subject;
    if (reading === 'well' && subject.flapping === undefined) this.out(subject, now);
    return earliest([this.dueOf(subject, now), incident === undefined ? undefined : this.overAt(incident)]);
  }

  /** Everything that is known of at this moment. */
  ids(): readonly SubjectId[] {
    return [...this.subjects.keys()];
  }

  /** Incidents that are told and not over. */
  current(): ReadonlySet<Incident> {
    return this.open;
  }

  /** Puts back an incident that was told before a restart; what belongs to it is believed until it is seen. */
  restore(incident: Incident): void {
    const now = this.now();
    incident.joinedAt = now;
    incident.emptyAt = incident.members.size === 0 ? now : undefined;
    this.open.add(incident);
    for (const id of incident.members) {
      const subject = newSubject(id, now);
      subject.incident = incident;
      if (incident.first.trouble.cause === 'flapping')
        subject.flapping = { trouble: incident.first.trouble, readyAt: now };
      this.subjects.set(id, subject);
    }
  }

  /** Whatever is due by now. @returns the news, and the next moment that something may be due without a new reading. */
  advance(): { news: readonly News[]; dueAt: number | undefined } {
    const now = this.now();
    const news: News[] = [];
    for (const subject of this.subjects.values()) {
      if (isStable(subject, now, this.parts.pace)) {
        settle(subject, now);
        if (subject.down === undefined) this.out(subject, now);
      }
      const told = this.place(subject, now);
      if (told !== undefined) news.push({ status: 'firing', incident: told });
    }
    for (const incident of this.open) {
      const over = this.overAt(incident);
      if (over === undefined || over > now) continue;
      this.open.delete(incident);
      news.push({ status: 'resolved', incident });
    }
    this.sweep(now);
    return { news, dueAt: this.nextDue(now) };
  }

  /** Puts a subject where it belongs by now. @returns an incident that begins with it. */
  private place(subject: Subject, now: number): Incident | undefined {
    const wanted = pending(subject);
    if (wanted === undefined || subject.incident?.topic === wanted.trouble.topic) return undefined;
    const { trouble } = wanted;
    const { topic } = trouble;
    const back = this.find(topic, (incident) => incident.seen.has(subject.id));
    if (back === undefined && wanted.readyAt > now) return undefined;
    const { joinMs } = this.parts.pace;
    const known = back ?? this.find(topic, ({ joinedAt }) => now - joinedAt < joinMs);
    if (known !== undefined) {
      this.into(known, subject, now);
      return undefined;
    }
    return this.begin(subject, trouble, now);
  }

  /** Opens an incident with everything that fails by this topic now, ripe or not: one message for all. */
  private begin(first: Subject, trouble: Trouble, now: number): Incident {
    const { clock, random } = this.parts;
    const { topic } = trouble;
    const beganAt = first.flapping === undefined ? first.changedAt : (first.downs[0] ?? first.changedAt);
    const incident: Incident = {
      id: `${topic.replaceAll(/[^a-z_-]/gu, '-')}-${random.hex(6)}`,
      topic,
      sinceMs: clock.now() - (now - beganAt),
      first: { id: first.id, trouble },
      members: new Set(),
      seen: new Set(),
      peak: 0,
      joinedAt: now,
      emptyAt: undefined,
    };
    this.open.add(incident);
    this.into(incident, first, now);
    for (const other of this.subjects.values())
      if (pending(other)?.trouble.topic === topic && other.incident?.topic !== topic)
        this.into(incident, other, now);
    return incident;
  }

  private into(incident: Incident, subject: Subject, now: number): void {
    this.out(subject, now);
    join(incident, subject.id, now);
    subject.incident = incident;
  }

  private out(subject: Subject, now: number): void {
    if (subject.incident !== undefined) leave(subject.incident, subject.id, now);
    subject.incident = undefined;
  }

  private find(topic: string, fits: (incident: Incident) => boolean): Incident | undefined {
    for (const incident of this.open) if (incident.topic === topic && fits(incident)) return incident;
    return undefined;
  }

  private sweep(now: number): void {
    for (const [id, subject] of this.subjects)
      if ((forgettableAt(subject, this.parts.pace) ?? Infinity) <= now) this.subjects.delete(id);
  }

  private nextDue(now: number): number | undefined {
    const subjects = [...this.subjects.values()].map((subject) => this.dueOf(subject, now));
    return earliest([...subjects, ...[...this.open].map((incident) => this.overAt(incident))]);
  }

  /** When something may be due for a subject; never in the past, and undefined where only a new reading can change it. */
  private dueOf(subject: Subject, now: number): number | undefined {
    const { stableMs } = this.parts.pace;
    const wanted = pending(subject);
    const placed = wanted === undefined || subject.incident?.topic === wanted.trouble.topic;
    const ready = placed ? undefined : this.isBack(subject) ? now : Math.max(now, wanted.readyAt);
    const stable = subject.flapping === undefined ? undefined : subject.changedAt + stableMs;
    return earliest([ready, stable, forgettableAt(subject, this.parts.pace)]);
  }

  private isBack({ id, down, flapping }: Subject): boolean {
    const topic = (flapping ?? down)?.trouble.topic;
    return topic !== undefined && this.find(topic, (incident) => incident.seen.has(id)) !== undefined;
  }

  private overAt({ emptyAt }: Incident): number | undefined {
    return emptyAt === undefined ? undefined : emptyAt + this.parts.pace.quietMs;
  }

  private now(): number {
    return this.parts.clock.monotonic();
  }
}

function earliest(moments: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const at of moments) if (at !== undefined && (first === undefined || at < first)) first = at;
  return first;
}
