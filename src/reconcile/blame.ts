import { diffArrays } from 'diff';
import type { BlameReport } from '../contract/insight.ts';
import { SyncError } from '../lib/errors.ts';
import type { Node } from '../model/node.ts';
import { editedBy, type EditedBy } from './edited-by.ts';
import type { PastRevision } from './past.ts';

/** Who put a line there; undefined revision is what the registries say now, before it was filed. */
export interface Origin {
  readonly revision: PastRevision<unknown>['revision'] | undefined;
  /** True where the line is as old as the history: it may be older. */
  readonly oldest: boolean;
}

export interface BlamedLine {
  readonly line: string;
  readonly origin: Origin;
}

/** One rendering of a node, newest first; `text` undefined where the node had no plan. */
export interface Rendering {
  readonly revision: PastRevision<unknown>['revision'] | undefined;
  readonly text: string | undefined;
}

// Where two renderings have nothing in common, every line is of the newer one; no need to search for ever.
const maxEdits = 20_000;

/** Finds for every line of the newest rendering the oldest revision of the unbroken run that has it. */
export async function blame(renderings: AsyncIterable<Rendering>): Promise<readonly BlamedLine[]> {
  let lines: readonly string[] | undefined;
  let origins: (Origin | undefined)[] = [];
  let newer: Rendering | undefined;
  /** Where a line that is still looked for stands in the rendering seen last: its place there -> its place in the newest. */
  let places = new Map<number, number>();
  for await (const older of renderings) {
    if (lines === undefined || newer === undefined) {
      lines = linesOf(older.text);
      origins = lines.map(() => undefined);
      places = new Map(lines.map((_, at) => [at, at]));
    } else if (newer.text !== older.text) {
      const kept = keptLines(older.text, newer.text);
      const next = new Map<number, number>();
      for (const [at, place] of places) {
        const before = kept.get(at);
        if (before === undefined) origins[place] = { revision: newer.revision, oldest: false };
        else next.set(before, place);
      }
      places = next;
    }
    newer = older;
    if (places.size === 0) break;
  }
  const last: Origin = { revision: newer?.revision, oldest: true };
  return (lines ?? []).map((line, at) => ({ line, origin: origins[at] ?? last }));
}

/**
 * The lines of one node as they are told; `owners` by their place, where there are several sources.
 * @throws SyncError `data` where nothing can be rendered for it.
 */
export function blameReport(
  node: Node,
  lines: readonly BlamedLine[],
  owners: readonly (string | undefined)[] = [],
): BlameReport {
  if (lines.length === 0)
    throw new SyncError('data', `${node.name}: expected something to render, got nothing`, {
      remedy: 'syncctl validate',
    });
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'BlameReport',
    node: node.id,
    name: node.name,
    lines: lines.map(({ line, origin: { revision, oldest } }, at) => ({
      number: at + 1,
      line,
      revision: revision?.number ?? null,
      at: revision?.at ?? null,
      ...by(revision, owners[at], oldest),
      oldest,
    })),
  };
}

function by(revision: Origin['revision'], owner: string | undefined, oldest: boolean): EditedBy {
  if (revision !== undefined) return editedBy(revision, owner, oldest);
  return { ...(owner === undefined ? {} : { source: owner }), who: null, why: null };
}

/** Lines of the newer text that the older one has, too: place in the newer -> place in the older. */
export function keptLines(older: string | undefined, newer: string | undefined): ReadonlyMap<number, number> {
  const kept = new Map<number, number>();
  const chunks = diffArrays([...linesOf(older)], [...linesOf(newer)], { maxEditLength: maxEdits });
  let [before, after] = [0, 0];
  for (const { added, removed, count } of chunks ?? []) {
    if (!added && !removed) for (let at = 0; at < count; at += 1) kept.set(after + at, before + at);
    if (!added) before += count;
    if (!removed) after += count;
  }
  return kept;
}

/** The lines of a text; none where there is no text. */
export function linesOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}
