import { SyncError } from '../lib/errors.ts';
import type {
  HistoryApi,
  PushFilter,
  PushRecord,
  RevisionDetail,
  RevisionList,
  RevisionTexts,
} from '../contract/history.ts';
import type { RevisionSource } from '../model/registry-shares.ts';
import type { HistoryCalls } from '../store/history/calls.ts';
import { shareOfDetail, splitWord, unknownRevision, unknownShare } from './revision-words.ts';

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
    const { source, revision } = splitWord(word);
    const number = source === undefined ? await this.numberOf(word) : await this.numberIn(source, revision);
    const found = await this.ask('revision', number);
    if (found === undefined) throw unknownRevision(word);
    const detail = {
      ...found,
      findings: [...found.findings],
      objects: found.objects.map((object) => ({ ...object, editors: { ...object.editors } })),
      changes: [...found.changes],
    };
    if (source === undefined) return detail;
    const names = (found.sources ?? (await this.home())).map(({ name }) => name);
    if (!names.includes(source)) throw unknownShare(word, names);
    return shareOfDetail(detail, source);
  }

  async revisionTexts(number: number, below = false): Promise<RevisionTexts | undefined> {
    const found = await this.ask('revisionTexts', number, below);
    if (found === undefined) return undefined;
    const edits = (found.edits ?? []).map((edit) => ({ ...edit }));
    return { ...found, texts: { ...found.texts }, edits };
  }

  async pushes({ node, revision, limit }: PushFilter): Promise<readonly PushRecord[]> {
    const rows = await this.ask('pushes', { node: node ?? null, revision: revision ?? null, limit });
    return rows.map(recordOf);
  }

  async lastPushes(): Promise<readonly PushRecord[]> {
    return (await this.ask('lastPushes')).map(recordOf);
  }

  /** Of one source, latest and previous are about its own edits. */
  private async numberIn(source: string, word: string): Promise<number> {
    if (word !== 'latest' && word !== 'previous') return this.numberOf(word);
    const edited = await this.ask('newestEditOf', source);
    if (edited === undefined) return this.numberOf('latest');
    if (word === 'latest') return edited;
    const before = await this.ask('revisionTexts', edited, true);
    if (before === undefined) throw unknownRevision(`${source}/${word}`);
    return before.number;
  }

  /** Whose revisions are that were made while there was one source alone. */
  private async home(): Promise<readonly RevisionSource[]> {
    const [newest] = await this.ask('revisions', 1, null);
    const found = newest === undefined ? undefined : await this.ask('revision', newest.number);
    return found?.sources?.slice(0, 1) ?? [];
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
