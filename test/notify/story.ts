import type * as z from 'zod';
import { notify, type NotifySettings } from '../../src/config/notify-schema.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Random } from '../../src/lib/random.ts';
import type { CauseClass } from '../../src/model/cause.ts';
import { causeOf } from '../../src/model/cause.ts';
import { nodeId, type NodeId, type NodeType } from '../../src/model/node.ts';
import type { Alert, Condition, ConditionKey } from '../../src/notify/alert.ts';
import type { Incident } from '../../src/notify/incident.ts';
import { Incidents } from '../../src/notify/incidents.ts';
import { readCondition, readStatus, subjectOf } from '../../src/notify/trouble.ts';
import { alertOf } from '../../src/notify/wording.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { bad, good } from '../status/samples.ts';

export const second = 1_000;
export const minute = 60_000;
export const hour = 3_600_000;

/** The settings that nobody has changed, with what a test changes. */
export function settingsOf(changed: z.input<typeof notify> = {}): NotifySettings {
  return notify.parse(changed);
}

/** Dice without chance: names count upwards. */
export function countingDice(): Random {
  let count = 0;
  return { unit: () => 0.5, hex: (bytes) => String((count += 1)).padStart(bytes * 2, '0') };
}

/** The n-th node of a type. */
export function node(n: number, type: NodeType = 'vps_nodes'): NodeId {
  return nodeId(type, `100.64.${String(Math.floor(n / 250))}.${String((n % 250) + 1)}`);
}

/** A course of statuses over time, from the real ledger into the incidents, with everything that would be told. */
export class Story {
  readonly told: Alert[] = [];
  readonly ledger: Ledger;
  readonly incidents: Incidents;
  readonly settings: NotifySettings;
  private ms = 0;
  private due: number | undefined;
  private readonly clock: Clock = {
    now: () => Date.UTC(2026, 0, 1) + this.ms,
    monotonic: () => this.ms,
    sleep: () => Promise.reject(new Error('nothing sleeps here')),
  };

  constructor(changed: z.input<typeof notify> = {}) {
    this.settings = settingsOf(changed);
    this.ledger = new Ledger(this.clock);
    this.incidents = new Incidents({ clock: this.clock, random: countingDice(), pace: this.settings });
    this.ledger.subscribe(({ id, current }) => {
      const reading = current === undefined ? 'well' : readStatus(current, this.settings);
      this.look(this.incidents.observe(id, reading));
    });
  }

  fail(id: NodeId, cause: CauseClass = 'auth', passEnded = true): void {
    const reachable = !causeOf(cause).offline;
    this.ledger.record(bad(cause, { id, reachable }), { desired: undefined, passEnded });
  }

  heal(id: NodeId): void {
    this.ledger.record(good(id), { desired: undefined, passEnded: true });
  }

  condition(key: ConditionKey, condition: Condition): void {
    this.look(this.incidents.observe(subjectOf(key), readCondition(key, condition)));
  }

  restore(incident: Incident): void {
    this.incidents.restore(incident);
    this.look(this.ms);
  }

  /** Lets time pass, stopping wherever something is due. */
  pass(ms: number): void {
    const until = this.ms + ms;
    while (this.due !== undefined && this.due <= until) {
      this.ms = Math.max(this.ms, this.due);
      const { news, dueAt } = this.incidents.advance();
      if (dueAt !== undefined && dueAt < this.ms) throw new Error('due in the past');
      if (news.length === 0 && dueAt === this.ms) throw new Error('due again without having done anything');
      this.due = dueAt;
      for (const one of news)
        this.told.push(
          alertOf(one, {
            nodeOf: (id) => ({ id, ...named(id) }),
            cluster: 'home',
            names: this.settings.names,
            nowMs: this.clock.now(),
          }),
        );
    }
    this.ms = until;
  }

  /** What was told, in short: `firing auth 3`. */
  words(): string[] {
    return this.told.map(({ status, cause, count }) => `${status} ${cause} ${String(count)}`);
  }

  private look(at: number | undefined): void {
    if (at !== undefined && (this.due === undefined || at < this.due)) this.due = at;
  }
}

function named(id: NodeId) {
  const [type, address] = id.split('@') as [NodeType, string];
  return {
    name: `node-${address.split('.').slice(2).join('-')}`,
    address,
    type,
    sshUser: 'root',
    sshPort: undefined,
  };
}
