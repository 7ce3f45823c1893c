import type { HistoryApi, RevisionDetail, RevisionTexts } from '../contract/history.ts';
import { SyncError } from '../lib/errors.ts';
import { splitSource } from '../model/registry-shares.ts';

const shareForm = /^([^/]+)\/(.+)$/u;

/** `east/R12` is the share that the source east has in R12; without a source it is the whole. */
export function splitWord(word: string): { readonly source: string | undefined; readonly revision: string } {
  const [, source, revision] = shareForm.exec(word) ?? [];
  return source === undefined || revision === undefined
    ? { source: undefined, revision: word }
    : { source, revision };
}

/** The word for what a source has in a revision. */
export function shareName(source: string | undefined, revision: string): string {
  return source === undefined ? revision : `${source}/${revision}`;
}

/** What a revision says of one source. One from when there was a single source is all of home. */
export function shareOfDetail(detail: RevisionDetail, source: string): RevisionDetail {
  if (detail.sources === undefined) return detail;
  const isOwn = ({ path }: { readonly path: string }): boolean => splitSource(path).source === source;
  return {
    ...detail,
    changes: detail.changes.filter(isOwn),
    findings: detail.findings.filter(isOwn),
    objects: detail.objects.filter((object) => object.source === source),
  };
}

/** The texts of the revision that a word names, and whose share is meant. */
export interface NamedTexts extends RevisionTexts {
  readonly share: string | undefined;
}

/** @throws SyncError `notFound` for a word that names no kept revision. */
export async function textsNamed(
  history: Pick<HistoryApi, 'revision' | 'revisionTexts'>,
  word: string,
): Promise<NamedTexts> {
  const { number } = await history.revision(word);
  const found = await history.revisionTexts(number);
  if (found === undefined) throw unknownRevision(word);
  const { source } = splitWord(word);
  const { sources, texts } = found;
  if (source === undefined || sources === undefined) return { ...found, share: source };
  const own = Object.entries(texts).filter(([path]) => splitSource(path).source === source);
  return { ...found, texts: Object.fromEntries(own), share: source };
}

/** The refusal of a word that names no kept revision. */
export function unknownRevision(word: string): SyncError {
  return new SyncError(
    'notFound',
    `revision: expected R<n>, a digest, latest or previous of a revision that is kept, got ${JSON.stringify(word)}`,
    { remedy: 'list them with: syncctl history' },
  );
}

/** The refusal of a source that a revision was not made of. */
export function unknownShare(word: string, known: readonly string[]): SyncError {
  const expected =
    known.length === 0
      ? 'a revision without a source, because there is one source alone'
      : `SOURCE/REVISION with one of ${known.join(', ')}`;
  return new SyncError('notFound', `revision: expected ${expected}, got ${JSON.stringify(word)}`, {
    remedy: 'list them with: syncctl history -o wide',
  });
}
