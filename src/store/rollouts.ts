import * as z from 'zod';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { NodeId } from '../model/node.ts';
import { nodeTypeNames } from '../model/node-types.ts';
import { rolloutPhases, type RolloutRecord } from '../model/rollout.ts';
import { CopyFile } from './copy-file.ts';
import type { Durable } from './durable.ts';

const share = z.union([z.strictObject({ count: z.number() }), z.strictObject({ percent: z.number() })]);
const nodes = z.array(z.string().transform((id) => id as NodeId));

const lane = {
  batches: z.array(share),
  canaries: z.object({ names: z.array(z.string()), labels: z.array(z.string()) }),
  maxFailed: share,
  maxUnreachable: share,
  soakMs: z.number(),
};

/** A rollout as it is kept. */
export const recordSchema = z.object({
  number: z.number(),
  revision: z.string(),
  content: z.string(),
  base: z.string().optional(),
  policy: z.object({
    ...lane,
    onFailure: z.enum(['rollback', 'hold']),
    types: z.partialRecord(z.enum(nodeTypeNames), z.object(lane)).optional(),
  }),
  batches: z.array(nodes),
  released: z.number(),
  touched: nodes,
  ailing: z.record(z.string(), z.string()).optional(),
  phase: z.enum(rolloutPhases),
  began: z.string(),
  since: z.string(),
  who: z.string(),
  note: z.string(),
  notTakenBack: z.string().optional(),
});

export interface RolloutParts {
  readonly durable: Durable;
  /** A copy of the newest record beside the database: a pin must survive it. */
  readonly copyFile: string;
  readonly log: Logger;
}

/** The newest rollout, which is also the pin of its revision once it has stopped: readable at once, kept durably. */
export class DurableRollouts {
  private readonly parts: RolloutParts;
  private readonly copy: CopyFile<z.output<typeof recordSchema>>;
  private known: RolloutRecord | undefined;
  private lost = false;

  private constructor(parts: RolloutParts) {
    this.parts = parts;
    this.copy = new CopyFile(parts.copyFile, recordSchema);
  }

  /** Loads from the database, and from the copy where that cannot be asked. */
  static async open(parts: RolloutParts): Promise<DurableRollouts> {
    const rollouts = new DurableRollouts(parts);
    await rollouts.load();
    return rollouts;
  }

  record(): RolloutRecord | undefined {
    return this.known;
  }

  /** True where there was a record and nothing of it can be read: what it held back is held back on. */
  isLost(): boolean {
    return this.lost;
  }

  /** The snapshot of a revision, as it was given to `keep`. */
  async base(revision: string): Promise<string | undefined> {
    const reply = await this.parts.durable.ask('rolloutBase', revision).catch(() => undefined);
    return reply?.available === true ? reply.value : undefined;
  }

  /**
   * Keeps one turn, with the snapshot it would go back to where that is new. It counts from now on whether or not the disk
   * takes it: a rollout must not stand still, nor a stop be forgotten, because a disk is full.
   */
  async keep(
    record: RolloutRecord,
    base?: { readonly revision: string; readonly body: string },
  ): Promise<void> {
    this.known = record;
    this.lost = false;
    const { number, revision } = record;
    try {
      const turn = { number, revision, body: JSON.stringify(record) };
      await this.parts.durable.ask('keepRollout', base === undefined ? turn : { ...turn, base });
      await this.copy.write(record);
    } catch (error) {
      this.parts.log.error('a rollout could not be stored; it goes on, and a restart begins it anew', {
        error: messageOf(error),
      });
    }
  }

  private async load(): Promise<void> {
    const last = await this.parts.durable.ask('lastRollout');
    const copy = await this.copy.read();
    const copied = copy.state === 'read' ? recordOf(copy.value) : undefined;
    if (!last.available) {
      this.lost = copy.state === 'lost';
      this.known = copied;
      return;
    }
    const stored = last.value === undefined ? undefined : readRecord(last.value);
    // A database that was begun anew, or comes from a backup, knows less than the copy beside it.
    this.known = (copied?.number ?? 0) > (stored?.number ?? 0) ? copied : stored;
    this.lost = this.known === undefined && last.value !== undefined;
  }
}

/** A record of a later version, or a damaged one, is none. */
function readRecord(body: string): RolloutRecord | undefined {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(body));
    return parsed.success ? recordOf(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

/** The record that the schema has read. */
export function recordOf(read: z.output<typeof recordSchema>): RolloutRecord {
  const { types, ...policy } = read.policy;
  const { ailing, notTakenBack, ...rest } = read;
  return {
    ...rest,
    base: read.base,
    policy: types === undefined ? policy : { ...policy, types: given(types) },
    ...(ailing === undefined ? {} : { ailing }),
    ...(notTakenBack === undefined ? {} : { notTakenBack }),
  };
}

/** What stands there, without what is only named. */
function given<K extends string, V>(values: Partial<Record<K, V | undefined>>): Partial<Record<K, V>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Record<K, V>
  >;
}
