import { dirname } from 'node:path';
import * as z from 'zod';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import { readGenerations, writeGenerations } from '../lib/files.ts';
import { required, type Durable } from './durable.ts';
import type { AuditEntry, Pause } from './records.ts';

/** Who decides, and why. */
export interface Person {
  readonly who: string;
  readonly reason: string | undefined;
}

export interface DecisionParts {
  readonly durable: Durable;
  /** A copy of the pauses beside the database: a hold must survive the database. */
  readonly pausesFile: string;
  readonly clock: Clock;
}

/** Pauses as they are kept beside the database. */
export const pauseSchema = z.array(
  z.object({
    scope: z.string(),
    who: z.string(),
    why: z.string().optional(),
    since: z.string(),
    expires: z.string().optional(),
  }),
);
const sizeLimit = 1_048_576;

/** Approvals and pauses, readable at once, kept durably. Changing them waits until they are on disk. */
export class DurableDecisions {
  private readonly parts: DecisionParts;
  private readonly approved = new Set<string>();
  private readonly held = new Map<string, Pause>();
  private assumed: string | undefined;

  private constructor(parts: DecisionParts) {
    this.parts = parts;
  }

  /**
   * Loads everything. Pauses come from the database and from their copy, which alone has those that were made while the database
   * was away; with the database unavailable and a copy that cannot be read, a hold is assumed.
   */
  static async open(parts: DecisionParts): Promise<DurableDecisions> {
    const decisions = new DurableDecisions(parts);
    const approvals = await parts.durable.ask('approvals');
    if (approvals.available) for (const { hash } of approvals.value) decisions.approved.add(hash);
    const pauses = await parts.durable.ask('pauses');
    await decisions.takeCopy();
    if (pauses.available) {
      decisions.assumed = undefined;
      decisions.take(pauses.value);
    }
    return decisions;
  }

  approvals(): ReadonlySet<string> {
    return this.approved;
  }

  async approve(hash: string, person: Person): Promise<void> {
    const at = this.now();
    required(
      await this.parts.durable.ask('approve', { hash, who: person.who, why: person.reason, at }),
      'approve',
    );
    this.approved.add(hash);
    await this.audit(person, 'approve', hash);
  }

  /** An approval has done its work. */
  async spend(hash: string): Promise<void> {
    this.approved.delete(hash);
    await this.parts.durable.ask('unapprove', hash);
  }

  /** Holds pushing for `all`, one type (`type:<type>`) or one node; with `expires` it is a freeze, which ends by itself. The copy is written first: a hold that is half kept is a hold. */
  async pause(scope: string, person: Person, expires?: string): Promise<void> {
    const pause: Pause = { scope, who: person.who, why: person.reason, since: this.now(), expires };
    this.held.set(scope, pause);
    await this.writeCopy();
    await this.parts.durable.ask('pause', pause);
    await this.audit(person, 'pause', scope);
  }

  async resume(scope: string, person: Person): Promise<void> {
    await this.parts.durable.ask('resume', scope);
    this.held.delete(scope);
    if (scope === 'all') this.assumed = undefined;
    await this.writeCopy();
    await this.audit(person, 'resume', scope);
  }

  /** Who holds this scope, or everything, and why; undefined where nobody does. */
  pausedBy(scope: string): string | undefined {
    if (this.assumed !== undefined) return this.assumed;
    const pause = [scope, typeScope(scope), 'all']
      .map((name) => this.held.get(name))
      .find((found) => found !== undefined && this.holds(found));
    if (pause === undefined) return undefined;
    const why = pause.why === undefined ? '' : `: ${pause.why}`;
    const [verb, until] =
      pause.expires === undefined ? ['paused', ''] : ['frozen', ` until ${pause.expires}`];
    return `${verb} by ${pause.who} since ${pause.since}${until}${why}`;
  }

  pauses(): readonly Pause[] {
    return [...this.held.values()].filter((pause) => this.holds(pause));
  }

  /** Notes who did what. An audit that cannot be kept is no reason to refuse the deed. */
  async audit(person: Person, action: string, detail: string): Promise<void> {
    const entry = { at: this.now(), who: person.who, why: person.reason, action, detail };
    await this.parts.durable.ask('audit', entry).catch(() => undefined);
  }

  /** The newest entries of the audit, newest first. */
  async audits(limit: number): Promise<readonly AuditEntry[]> {
    return required(await this.parts.durable.ask('audits', limit), 'audit');
  }

  async close(): Promise<void> {
    await this.parts.durable.close();
  }

  private take(pauses: readonly Pause[]): void {
    for (const pause of pauses) this.held.set(pause.scope, pause);
  }

  private async takeCopy(): Promise<void> {
    const { body, damaged } = await readGenerations(this.parts.pausesFile, sizeLimit);
    const parsed = body === undefined ? undefined : pauseSchema.safeParse(JSON.parse(body));
    if (parsed?.success === true)
      this.take(
        parsed.data.map(({ scope, who, why, since, expires }) => ({ scope, who, why, since, expires })),
      );
    else if (damaged.length > 0 || parsed !== undefined)
      this.assumed = 'pauses cannot be read and are assumed to hold; `syncctl resume` ends that';
  }

  private async writeCopy(): Promise<void> {
    const { pausesFile } = this.parts;
    try {
      await writeGenerations(pausesFile, JSON.stringify([...this.held.values()]), sizeLimit);
    } catch (error) {
      throw new SyncError('unavailable', `${pausesFile}: expected to be written, got ${messageOf(error)}`, {
        remedy: `make room and rights in ${dirname(pausesFile)}`,
        cause: error,
      });
    }
  }

  private holds(pause: Pause): boolean {
    return pause.expires === undefined || Date.parse(pause.expires) > this.parts.clock.now();
  }

  private now(): string {
    return isoSeconds(this.parts.clock.now());
  }
}

/** The scope that holds every node of a type; a node's id begins with its type. */
export function typeScope(nodeOrType: string): string {
  return `type:${nodeOrType.split('@')[0] ?? nodeOrType}`;
}
