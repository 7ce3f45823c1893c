/**
 * How a change came to a node: at the first attempt; after one that failed; after it was held back (a pause, a freeze, its turn
 * in a rollout, no term); after the node was away. What is worse stays, whatever comes after it.
 */
export const courses = ['straight', 'retried', 'held', 'away'] as const;
export type Course = (typeof courses)[number];

interface Open {
  readonly sinceMs: number;
  readonly course: Course;
}

/** Changes of one course that are not verified yet. */
export interface Waiting {
  readonly nodes: number;
  readonly oldestMs: number;
}

/** A change that was verified on its node. */
export interface Closed {
  readonly ms: number;
  readonly course: Course;
}

/** Changes that are not verified on their nodes yet: since when, and what came in between. Pure but for what it remembers. */
export class OpenChanges {
  readonly #open = new Map<string, Open>();
  #wanted: ReadonlyMap<string, string> | undefined;

  /**
   * Takes what the nodes should hold from now on: node ids by digest. The first one is where the measurement begins, not a change.
   * A node that still waits for an earlier change waits since that one.
   */
  wanted(
    plans: Readonly<Record<string, readonly string[]>>,
    nowMs: number,
    isHeldBack: (node: string) => boolean,
  ): void {
    const before = this.#wanted;
    const next = new Map<string, string>();
    for (const [digest, nodes] of Object.entries(plans)) for (const node of nodes) next.set(node, digest);
    this.#wanted = next;
    for (const node of this.#open.keys()) if (!next.has(node)) this.#open.delete(node);
    if (before === undefined) return;
    for (const [node, digest] of next) {
      if (before.get(node) === digest) continue;
      if (!this.#open.has(node)) this.#open.set(node, { sinceMs: nowMs, course: 'straight' });
      if (isHeldBack(node)) this.#worsen(node, 'held');
    }
  }

  /** Notes what came in between. */
  met(node: string, course: Course): void {
    this.#worsen(node, course);
  }

  /** Notes that a node was verified with a digest. @returns the change that this ends, if it ends one. */
  verified(node: string, digest: string | null, nowMs: number): Closed | undefined {
    const open = this.#open.get(node);
    if (open === undefined || this.#wanted?.get(node) !== digest) return undefined;
    this.#open.delete(node);
    return { ms: Math.max(0, nowMs - open.sinceMs), course: open.course };
  }

  /** Per course: how many nodes wait, and how long the first of them has. */
  waiting(nowMs: number): Readonly<Record<Course, Waiting>> {
    const none: Waiting = { nodes: 0, oldestMs: 0 };
    const sums = { straight: none, retried: none, held: none, away: none };
    for (const { sinceMs, course } of this.#open.values()) {
      const { nodes, oldestMs } = sums[course];
      sums[course] = { nodes: nodes + 1, oldestMs: Math.max(oldestMs, nowMs - sinceMs) };
    }
    return sums;
  }

  #worsen(node: string, course: Course): void {
    const open = this.#open.get(node);
    if (open === undefined || courses.indexOf(course) <= courses.indexOf(open.course)) return;
    this.#open.set(node, { ...open, course });
  }
}
