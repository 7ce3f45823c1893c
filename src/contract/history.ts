import * as z from 'zod';
import type { Actor } from './controller.ts';

const text = z.string();
const finding = z.object({ severity: text, path: text, message: text, remedy: text });
const revisionSource = z.object({ name: text, priority: z.number(), place: text });
const summary = z.object({
  number: z.number(),
  digest: text,
  at: text,
  source: text,
  /** Who brought it and why, as far as anybody knows. */
  who: text.nullable(),
  why: text.nullable(),
  /** What changed, in one line. */
  summary: text,
  complete: z.boolean(),
  findings: z.number(),
  nodes: z.number(),
  current: z.number(),
  /** Sources whose texts it changed; absent with one source. */
  edited: z.array(text).optional(),
});
const object = z.object({
  /** Whose it is, of several sources. */
  source: text.optional(),
  name: text,
  uid: text,
  resourceVersion: text,
  editors: z.record(text, text),
});

/** One difference between two revisions. */
export const entryChangeSchema = z.object({
  path: text,
  change: z.enum(['added', 'removed', 'changed']),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

/** One outcome of a push, or several equal ones in a row. */
export const pushRecordSchema = z
  .object({
    number: z.number(),
    node: text,
    name: text,
    kind: text,
    attempted: z.boolean(),
    attempt: z.number(),
    revision: z.number().nullable(),
    digest: text.nullable(),
    epoch: z.number().nullable(),
    writer: text.nullable(),
    started: text,
    last: text,
    times: z.number(),
    totalMs: z.number(),
    phases: z.object({
      waitMs: z.number(),
      dialMs: z.number(),
      exchangeMs: z.number(),
      verifyMs: z.number(),
    }),
    ok: z.boolean(),
    changed: z.boolean(),
    cause: text.nullable(),
    evidence: text,
    desired: text.nullable(),
    installed: text.nullable(),
    rungs: z.array(text),
    notes: z.array(text),
    receipt: z
      .object({
        mode: text,
        result: text,
        epoch: z.number(),
        seq: z.number(),
        before: text.nullable(),
        after: text.nullable(),
        receiverMs: z.number(),
      })
      .nullable(),
    state: text.nullable(),
    who: text.nullable(),
    why: text.nullable(),
  })
  .meta({ id: 'PushRecord' });
export type PushRecord = z.infer<typeof pushRecordSchema>;

/** The list of revisions, newest first; `dropped` outcomes came faster than they could be kept. */
export const revisionListSchema = z
  .object({ revisions: z.array(summary), dropped: z.number() })
  .meta({ id: 'RevisionList' });
export type RevisionList = z.infer<typeof revisionListSchema>;
export type RevisionSummary = RevisionList['revisions'][number];

/** All that is known of one revision but its texts. */
export const revisionDetailSchema = summary.omit({ findings: true }).extend({
  findings: z.array(finding),
  objects: z.array(object),
  changes: z.array(entryChangeSchema),
  before: z.number().nullable(),
  /** What it was made of, home first; absent with one source. */
  sources: z.array(revisionSource).optional(),
});
export type RevisionDetail = z.infer<typeof revisionDetailSchema>;

/** The texts of one revision, by `object/key`, of several sources by `SOURCE:object/key`. */
export const revisionTextsSchema = z.object({
  number: z.number(),
  digest: text,
  at: text,
  who: text.nullable(),
  why: text.nullable(),
  texts: z.record(text, text),
  /** What it was made of, home first; absent with one source. */
  sources: z.array(revisionSource).optional(),
  /** Who wrote which of the texts that it changed. */
  edits: z.array(z.object({ path: text, who: text.nullable(), why: text.nullable() })).optional(),
});
export type RevisionTexts = z.infer<typeof revisionTextsSchema>;

/** Texts that somebody has just written: their paths and the digests of what they say. */
export interface WrittenTexts {
  readonly edits: readonly { readonly path: string; readonly content: string }[];
  readonly actor: Actor;
}

/** What was: read from the daemon, or from its file where none runs. */
export interface HistoryApi {
  /** Revisions, newest first; `before` goes on below a number. */
  revisions(limit: number, before?: number): Promise<RevisionList>;
  /** The revision that a word names: `R12`, `12`, the beginning of a digest, `latest`, `previous`; `east/R12` is the share that the source east has in it. */
  revision(word: string): Promise<RevisionDetail>;
  /** The texts of a revision; with `below`, those of the newest one before that number. */
  revisionTexts(number: number, below?: boolean): Promise<RevisionTexts | undefined>;
  /** Outcomes, newest first. */
  pushes(filter: PushFilter): Promise<readonly PushRecord[]>;
  /** The newest outcome of every node. */
  lastPushes(): Promise<readonly PushRecord[]>;
}

export interface PushFilter {
  readonly node?: string | undefined;
  readonly revision?: number | undefined;
  readonly limit: number;
}

/** Takes notes of who wrote what; only a running controller does. */
export interface EditNotes {
  noteEdits(written: WrittenTexts): Promise<void>;
}
