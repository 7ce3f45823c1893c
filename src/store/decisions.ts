import { dirname } from 'node:path';
import * as z from 'zod';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import { readGenerations, writeGenerations } from '../lib/files.ts';
import { required, type Durable } from './durable.ts';
import type { Approval, AuditEntry, Pause, Window } from './records.ts';
import { Windows } from './windows.ts';

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
    starts: z.string().optional(),
  }),
);
const sizeLimit = 1_048_576;
const farAway = Date.UTC(9999, 0);

/** Approvals and pauses, readable at once, kept durably. Changing them waits until they are on disk. */
export class DurableDecisions {
  private readonly parts: DecisionParts;
  private readonly approved = new Set<string>();
  /** Spent ones, too: what they let go is filed under their names. */
  private readonly approvers = new Map<string, Pick<Approval, 'who' | 'why'>>();
  private readonly held = new Map<string, Pause>();
  private readonly windows = new Windows();
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
    if (approvals.available)
      for (const { hash, who, why } of approvals.value) {
        decisions.approved.add(hash);
        decisions.approvers.set(hash, { who, why });
      }
    const pauses = await parts.durable.ask('pauses');
    await decisions.takeCopy();
    if (pauses.available) {
      decisions.assumed = undefined;
      decisions.take(pauses.value);
    }
    const windows = await parts.durable.ask('windows');
    if (windows.available) decisions.windows.take(windows.value);
    return decisions;
  }

  approvals(): ReadonlySet<string> {
    return this.approved;
  }

  /** Who has approved it, also after it was spent. */
  approverOf(hash: string): Pick<Approval, 'who' | 'why'> | undefined {
    return this.approvers.get(hash);
  }

  async approve(hash: string, person: Person): Promise<void> {
    const at = this.now();
    required(
      await this.parts.durable.ask('approve', { hash, who: person.who, why: person.reason, at }),
      'approve',
    );
    this.approved.add(hash);
    this.approvers.set(hash, { who: person.who, why: person.reason });
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
    const [deed, end] = expires === undefined ? ['pause', ''] : ['freeze', ` until ${expires}`];
    await this.audit(person, deed, `${scope}${end}`);
  }

  /** A freeze that begins by itself, and ends by itself. */
  async planFreeze(
    scope: string,
    person: Person,
    { starts, expires }: Pick<Window, 'starts' | 'expires'>,
  ): Promise<void> {
    const window = { scope, who: person.who, why: person.reason, since: this.now(), starts, expires };
    this.windows.take([window]);
    await this.writeCopy();
    await this.parts.durable.ask('addWindow', window);
    await this.audit(person, 'freeze', `${scope} from ${starts} until ${expires}`);
  }

  /** Ends what holds a scope now; `planned`: what would hold it later, too. */
  async resume(
    scope: string,
    person: Person,
    { planned }: { planned: boolean } = { planned: false },
  ): Promise<void> {
    await this.parts.durable.ask('resume', scope);
    this.held.delete(scope);
    const now = this.parts.clock.now();
    const before = planned ? farAway : now;
    await this.parts.durable.ask('dropWindows', scope, isoSeconds(before), isoSeconds(now));
    this.windows.drop(scope, before, now);
    if (scope === 'all') this.assumed = undefined;
    await this.writeCopy();
    await this.audit(person, planned ? 'unfreeze' : 'resume', scope);
  }

  /** Who holds this scope, or everything, and why; undefined where nobody does. */
  pausedBy(scope: string): string | undefined {
    if (this.assumed !== undefined) return this.assumed;
    const pause = this.holdOn(scope);
    if (pause === undefined) return undefined;
    const why = pause.why === undefined ? '' : `: ${pause.why}`;
    const [verb, until] =
      pause.expires === undefined ? ['paused', ''] : ['frozen', ` until ${pause.expires}`];
    return `${verb} by ${pause.who} since ${pause.since}${until}${why}`;
  }

  /** The pause or freeze that counts for this scope: its own before one of its type, and that before one of everything. */
  holdOn(scope: string): Pause | undefined {
    const held = this.pauses();
    return [scope, typeScope(scope), 'all'].flatMap((name) => held.filter((one) => one.scope === name)).at(0);
  }

  pauses(): readonly Pause[] {
    const held = [...this.held.values()].filter((pause) => this.holds(pause));
    return [...held, ...this.windows.inForce(this.parts.clock.now())];
  }

  /** Freezes that have not begun yet. */
  upcoming(): readonly Window[] {
    return this.windows.upcoming(this.parts.clock.now());
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
    for (const pause of pauses) {
      const known = this.held.get(pause.scope);
      // One of the two places may have missed the newest word of a scope: what holds longer counts.
      const isShorter = known !== undefined && endOf(known) >= endOf(pause);
      if (pause.starts === undefined && !isShorter) this.held.set(pause.scope, pause);
    }
    this.windows.take(pauses);
  }

  private async takeCopy(): Promise<void> {
    const { body, damaged } = await readGenerations(this.parts.pausesFile, sizeLimit);
    const parsed = body === undefined ? undefined : pauseSchema.safeParse(JSON.parse(body));
    if (parsed?.success === true)
      this.take(
        parsed.data.map(({ scope, who, why, since, expires, starts }) => ({
          ...{ scope, who, why, since, expires, starts },
        })),
      );
    else if (damaged.length > 0 || parsed !== undefined)
      this.assumed = 'pauses cannot be read and are assumed to hold; `syncctl resume` ends that';
  }

  private async writeCopy(): Promise<void> {
    const { pausesFile } = this.parts;
    try {
      await writeGenerations(
        pausesFile,
        JSON.stringify([...this.held.values(), ...this.windows.all()]),
        sizeLimit,
      );
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

function endOf({ expires }: Pause): number {
  return expires === undefined ? Infinity : Date.parse(expires);
}

/** The scope that holds every node of a type; a node's id begins with its type. */
export function typeScope(nodeOrType: string): string {
  return `type:${nodeOrType.split('@')[0] ?? nodeOrType}`;
}
