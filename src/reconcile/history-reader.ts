import { SyncError } from '../lib/errors.ts';
import type {
  HistoryApi,
  PushFilter,
  PushRecord,
  RevisionDetail,
  RevisionList,
  RevisionTexts,
} from '../contract/history.ts';
import type { HistoryCalls } from '../store/history/calls.ts';

/** Asks the history, over the store's thread or on a connection of this one. */
export type AskHistory = <N extends keyof HistoryCalls>(
  name: N,
  ...args: Parameters<HistoryCalls[N]>
) => Promise<ReturnType<HistoryCalls[N]>>;

/** What was, as the contract tells it. */
export class HistoryReader implements HistoryApi {
  private readonly ask: AskHistory;

  constructor(ask: AskHistory) {
    this.ask = ask;
  }

  async revisions(limit: number, before?: number): Promise<RevisionList> {
    const revisions = await this.ask('revisions', limit, before ?? null);
    return { revisions: [...revisions], dropped: await this.ask('dropped') };
  }

  async revision(word: string): Promise<RevisionDetail> {
    const found = await this.ask('revision', await this.numberOf(word));
    if (found === undefined) throw unknownRevision(word);
    return {
      ...found,
      findings: [...found.findings],
      objects: found.objects.map((object) => ({ ...object, editors: { ...object.editors } })),
      changes: [...found.changes],
    };
  }

  async revisionTexts(number: number, below = false): Promise<RevisionTexts | undefined> {
    const found = await this.ask('revisionTexts', number, below);
    return found === undefined ? undefined : { ...found, texts: { ...found.texts } };
  }

  async pushes({ node, revision, limit }: PushFilter): Promise<readonly PushRecord[]> {
    const rows = await this.ask('pushes', { node: node ?? null, revision: revision ?? null, limit });
    return rows.map(recordOf);
  }

  async lastPushes(): Promise<readonly PushRecord[]> {
    return (await this.ask('lastPushes')).map(recordOf);
  }

  private async numberOf(word: string): Promise<number> {
    const [number, ...others] = await this.ask('revisionsNamed', word);
    if (number === undefined) throw unknownRevision(word);
    if (others.length === 0) return number;
    const all = [number, ...others].map((one) => `R${String(one)}`).join(' and ');
    throw new SyncError(
      'usage',
      `revision: expected a word that means one, got "${word}", which means ${all}`,
      {
        remedy: `give its number, such as R${String(number)}`,
      },
    );
  }
}

function recordOf(row: Awaited<ReturnType<HistoryCalls['pushes']>>[number]): PushRecord {
  const { phases, rungs, notes, receipt } = row;
  return {
    ...row,
    phases: { ...phases },
    rungs: [...rungs],
    notes: [...notes],
    receipt: receipt === null ? null : { ...receipt },
  };
}

/** The refusal of a word that names no kept revision. */
export function unknownRevision(word: string): SyncError {
  return new SyncError(
    'notFound',
    `revision: expected R<n>, a digest, latest or previous of a revision that is kept, got ${JSON.stringify(word)}`,
    { remedy: 'list them with: syncctl history' },
  );
}
