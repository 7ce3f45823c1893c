import type { Incident } from './incident.ts';
import { conditionOf, flappingTopicOf, type Reading, type SubjectId, type Trouble } from './trouble.ts';

/** When things are told; all in milliseconds but the count. */
export interface Pace {
  readonly groupMs: number;
  readonly pendingMs: number;
  readonly quietMs: number;
  readonly joinMs: number;
  readonly flapCount: number;
  readonly flapWindowMs: number;
  readonly stableMs: number;
}

/** What is known of one node or condition that fails, has failed lately, or belongs to an open incident. */
export interface Subject {
  readonly id: SubjectId;
  /** The failure it shows now; `readyAt` is when it has lasted long enough to be told. */
  down: { trouble: Trouble; readyAt: number } | undefined;
  /** Beginnings of its last failures, at most as many as make a flapping. */
  readonly downs: number[];
  /** Its last turn from well to failing, back, or to another failure. */
  changedAt: number;
  flapping: { readonly trouble: Trouble; readonly readyAt: number } | undefined;
  incident: Incident | undefined;
}

/** A subject of which nothing is known yet. */
export function newSubject(id: SubjectId, now: number): Subject {
  return { id, down: undefined, downs: [], changedAt: now, flapping: undefined, incident: undefined };
}

/** Takes note of what a subject shows now. */
export function note(subject: Subject, reading: Reading, at: { now: number; pace: Pace }): void {
  const { now, pace } = at;
  if (reading === 'unknown' || reading === 'well') {
    if (subject.down !== undefined && reading === 'well') subject.changedAt = now;
    subject.down = undefined;
    return;
  }
  const readyAt = now + (reading.waits ? Math.max(pace.pendingMs, pace.groupMs) : pace.groupMs);
  if (subject.down?.trouble.topic === reading.topic) {
    // What was waiting and now needs a person does not wait any longer.
    subject.down = { trouble: reading, readyAt: Math.min(subject.down.readyAt, readyAt) };
    return;
  }
  subject.down = { trouble: reading, readyAt };
  subject.changedAt = now;
  subject.downs.push(now);
  if (subject.downs.length > pace.flapCount) subject.downs.shift();
  if (subject.flapping === undefined && flaps(subject, now, pace))
    subject.flapping = {
      trouble: flapTrouble(subject.id, reading, pace),
      readyAt: now + pace.groupMs,
    };
}

/** True where the subject shows a flap or failure that has been stable for long enough to end its flapping. */
export function isStable(subject: Subject, now: number, pace: Pace): boolean {
  return subject.flapping !== undefined && now - subject.changedAt >= pace.stableMs;
}

/** Ends a flapping: what it shows now is what it is. */
export function settle(subject: Subject, now: number): void {
  subject.flapping = undefined;
  subject.downs.length = 0;
  if (subject.down !== undefined) subject.down.readyAt = now;
}

/** What it would be told as, with the moment from which on. */
export function pending(subject: Subject): { trouble: Trouble; readyAt: number } | undefined {
  return subject.flapping ?? subject.down;
}

/** When nothing is left to remember of it; undefined while something is. */
export function forgettableAt(subject: Subject, pace: Pace): number | undefined {
  if (subject.down !== undefined || subject.flapping !== undefined || subject.incident !== undefined)
    return undefined;
  const last = subject.downs.at(-1);
  return last === undefined ? subject.changedAt : last + pace.flapWindowMs;
}

/** The trouble of something that goes up and down. */
export function flapTrouble(id: SubjectId, last: Trouble, pace: Pace): Trouble {
  const minutes = Math.max(1, Math.round(pace.flapWindowMs / 60_000));
  const seen = last.evidence === '' ? last.cause : `${last.cause}: ${last.evidence}`;
  return {
    topic: flappingTopicOf(id),
    cause: 'flapping',
    meaning:
      conditionOf(id) === undefined
        ? 'it fails and recovers again and again'
        : `${last.meaning}, again and again`,
    evidence: `${String(pace.flapCount)} failures within ${String(minutes)} min, the last one ${seen}`,
    remedy: last.remedy,
    waits: false,
  };
}

function flaps(subject: Subject, now: number, pace: Pace): boolean {
  const first = subject.downs[0];
  return subject.downs.length >= pace.flapCount && first !== undefined && now - first <= pace.flapWindowMs;
}
