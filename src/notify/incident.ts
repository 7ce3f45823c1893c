import type { SubjectId, Trouble } from './trouble.ts';

/** What was told as failing and not yet as over. */
export interface Incident {
  readonly id: string;
  readonly topic: string;
  /** When it began, wall clock. */
  readonly sinceMs: number;
  readonly first: { readonly id: SubjectId; readonly trouble: Trouble };
  /** What fails at this moment. */
  readonly members: Set<SubjectId>;
  /** What has failed at some moment: it comes back into the same incident. */
  readonly seen: Set<SubjectId>;
  /** The most members at once. */
  peak: number;
  joinedAt: number;
  /** Since when it has no members. */
  emptyAt: number | undefined;
}

/** One thing to tell. */
export interface News {
  readonly status: 'firing' | 'resolved';
  readonly incident: Incident;
}

/** Puts a subject into an incident. */
export function join(incident: Incident, id: SubjectId, now: number): void {
  if (!incident.seen.has(id)) incident.joinedAt = now;
  incident.members.add(id);
  incident.seen.add(id);
  incident.peak = Math.max(incident.peak, incident.members.size);
  incident.emptyAt = undefined;
}

/** Takes a subject out of an incident. */
export function leave(incident: Incident, id: SubjectId, now: number): void {
  if (incident.members.delete(id) && incident.members.size === 0) incident.emptyAt = now;
}
