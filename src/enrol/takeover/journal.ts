import { join } from 'node:path';
import * as z from 'zod';
import { SyncError } from '../../lib/errors.ts';
import { readGenerations, writeGenerations } from '../../lib/files.ts';

const deedSchema = z.object({
  id: z.string(),
  what: z.string(),
  undo: z.string(),
  state: z.enum(['begun', 'done', 'undone']),
  /** What stood there before, as much of it as the way back needs. */
  before: z.unknown(),
});

const recordSchema = z.object({
  version: z.literal(1),
  stage: z.enum(['adopting', 'adopted', 'undoing', 'undone']),
  began: z.string(),
  by: z.string(),
  deeds: z.array(deedSchema),
});

/** One step of an adoption as it is kept. */
export type KeptDeed = z.output<typeof deedSchema>;
export type AdoptionRecord = z.output<typeof recordSchema>;

// Copies of what nodes held are in it: a megabyte a file at most, and usually a few KB.
const limitBytes = 256 * 1024 * 1024;

/** What an adoption has begun and done, on disk before it counts: whatever breaks off, the next run goes on or back from here. */
export class AdoptionJournal {
  private readonly path: string;
  private record: AdoptionRecord | undefined;

  private constructor(path: string, record: AdoptionRecord | undefined) {
    this.path = path;
    this.record = record;
  }

  /** @throws SyncError `data` where the journal is there and cannot be read: nobody may guess how far it went. */
  static async open(stateDirectory: string): Promise<AdoptionJournal> {
    const path = join(stateDirectory, 'adoption.json');
    const { body, damaged } = await readGenerations(path, limitBytes);
    if (body === undefined && damaged.length === 0) return new AdoptionJournal(path, undefined);
    const parsed = recordSchema.safeParse(body === undefined ? undefined : jsonOf(body));
    if (parsed.success) return new AdoptionJournal(path, parsed.data);
    throw new SyncError('data', `${path}: expected the journal of an adoption, got a damaged file`, {
      remedy: `bring it back from a backup (syncctl restore), or move it away and look at each step by hand`,
    });
  }

  get stage(): AdoptionRecord['stage'] | undefined {
    return this.record?.stage;
  }

  /** The steps in the order in which they were begun. */
  get deeds(): readonly KeptDeed[] {
    return this.record?.deeds ?? [];
  }

  of(id: string): KeptDeed | undefined {
    return this.deeds.find((deed) => deed.id === id);
  }

  /** Begins an adoption, or goes on with the one that broke off. */
  async start(began: string, by: string): Promise<void> {
    const going = this.record !== undefined && this.record.stage !== 'undone';
    this.record = going
      ? {
          ...this.record,
          version: 1,
          stage: 'adopting',
          began: this.record?.began ?? began,
          by,
          deeds: [...this.deeds],
        }
      : { version: 1, stage: 'adopting', began, by, deeds: [] };
    await this.keep();
  }

  async setStage(stage: AdoptionRecord['stage']): Promise<void> {
    if (this.record === undefined) return;
    this.record = { ...this.record, stage };
    await this.keep();
  }

  /** Notes a step before its first change. What stood there before it began the first time stays what an undo brings back. */
  async begin(deed: Omit<KeptDeed, 'state'>): Promise<KeptDeed> {
    const known = this.of(deed.id);
    const begun =
      known !== undefined && known.state !== 'undone' && known.before !== null
        ? { ...known, state: 'begun' as const }
        : { ...deed, state: 'begun' as const };
    await this.put(begun);
    return begun;
  }

  async mark(id: string, state: KeptDeed['state']): Promise<void> {
    const known = this.of(id);
    if (known !== undefined && known.state !== state) await this.put({ ...known, state });
  }

  private async put(deed: KeptDeed): Promise<void> {
    if (this.record === undefined) throw new SyncError('internal', 'no adoption has begun');
    const others = this.record.deeds;
    const deeds = others.some(({ id }) => id === deed.id)
      ? others.map((one) => (one.id === deed.id ? deed : one))
      : [...others, deed];
    this.record = { ...this.record, deeds };
    await this.keep();
  }

  private async keep(): Promise<void> {
    await writeGenerations(this.path, JSON.stringify(this.record), limitBytes);
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
