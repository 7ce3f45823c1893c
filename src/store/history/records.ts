import type { EntryChange } from '../../model/registry-changes.ts';
import type { RevisionSource } from '../../model/registry-shares.ts';
import type { RegistryTexts } from '../../model/registry-texts.ts';

/** What is seen of an entry of the registries, as every report tells it. */
export interface FindingRow {
  readonly severity: string;
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** One registry object as it was read. */
export interface ObjectRow {
  /** Whose it is, of several sources. */
  readonly source?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** By key: the field manager that wrote it last, where the source knows. */
  readonly editors: Readonly<Record<string, string>>;
}

/** Who wrote a text, told by whoever wrote it: `content` is the digest of what the text says. */
export interface EditNote {
  readonly path: string;
  readonly content: string;
  readonly who: string;
  readonly why: string | null;
}

/** One effective snapshot with the texts it was read from. */
export interface NewRevision {
  readonly digest: string;
  readonly at: string;
  readonly source: string;
  readonly complete: boolean;
  readonly findings: readonly FindingRow[];
  readonly objects: readonly ObjectRow[];
  readonly texts: RegistryTexts;
  /** Node ids by the digest of what they should hold. */
  readonly plans: Readonly<Record<string, readonly string[]>>;
  readonly edits: readonly EditNote[];
  /** All of them, home first, where there are several; then each path of the texts begins with the name of its source. */
  readonly sources?: readonly RevisionSource[];
  /** Those of them of which nothing could be read yet: their texts are still those of the revision before. */
  readonly unread?: readonly string[];
  /** Who let go what was withheld, where that brought it into force. */
  readonly approvals?: readonly Pick<EditNote, 'who' | 'why'>[];
}

/** A revision in the list. */
export interface RevisionRow {
  readonly number: number;
  readonly digest: string;
  readonly at: string;
  readonly source: string;
  readonly who: string | null;
  readonly why: string | null;
  readonly summary: string;
  readonly complete: boolean;
  readonly findings: number;
  /** Nodes that should hold something of it, and those that were last verified with exactly that. */
  readonly nodes: number;
  readonly current: number;
  /** Sources whose texts it changed, where there are several. */
  readonly edited?: string[];
}

/** All that is known of one revision but its texts. */
export interface RevisionDetail extends Omit<RevisionRow, 'findings'> {
  readonly findings: readonly FindingRow[];
  readonly objects: readonly ObjectRow[];
  /** Against the revision before; empty for the first one kept. */
  readonly changes: readonly EntryChange[];
  /** The revision before, where it is still kept. */
  readonly before: number | null;
  /** What it was made of, home first, where there are several. */
  readonly sources?: RevisionSource[];
}

/** Who wrote one text that a revision changed. */
export interface EditRow {
  readonly path: string;
  readonly who: string | null;
  readonly why: string | null;
}

/** The texts of one revision, and what its digest was. */
export interface RevisionTexts {
  readonly number: number;
  readonly digest: string;
  readonly at: string;
  readonly who: string | null;
  readonly why: string | null;
  readonly texts: RegistryTexts;
  /** What it was made of, home first, where there are several; and who wrote which of the texts that it changed. */
  readonly sources?: RevisionSource[];
  readonly edits?: readonly EditRow[];
}

export interface ReceiptRow {
  readonly mode: string;
  readonly result: string;
  readonly epoch: number;
  readonly seq: number;
  readonly before: string | null;
  readonly after: string | null;
  readonly receiverMs: number;
}

export interface PhasesRow {
  readonly waitMs: number;
  readonly dialMs: number;
  readonly exchangeMs: number;
  readonly verifyMs: number;
}

/** One recorded outcome, before it has a number. */
export interface NewPush {
  readonly node: string;
  readonly name: string;
  /** Why it was made: `change`, `push`, `retry`, `look`. */
  readonly kind: string;
  /** False where something held it back before the node was asked. */
  readonly attempted: boolean;
  readonly attempt: number;
  /** Digest of the snapshot whose plan was pushed. */
  readonly digest: string | null;
  readonly epoch: number | null;
  readonly writer: string | null;
  readonly started: string;
  readonly totalMs: number;
  readonly phases: PhasesRow;
  readonly ok: boolean;
  readonly changed: boolean;
  readonly cause: string | null;
  readonly evidence: string;
  readonly desired: string | null;
  readonly installed: string | null;
  readonly rungs: readonly string[];
  readonly notes: readonly string[];
  readonly receipt: ReceiptRow | null;
  /** The state of the node after it. */
  readonly state: string | null;
  readonly who: string | null;
  readonly why: string | null;
}

/** One recorded outcome, or several equal ones in a row. */
export interface PushRow extends NewPush {
  readonly number: number;
  /** The revision that was pushed, where it is kept. */
  readonly revision: number | null;
  /** Equal outcomes that brought nothing new are counted in one row. */
  readonly times: number;
  readonly last: string;
}

export interface PushFilter {
  readonly node: string | null;
  readonly revision: number | null;
  readonly limit: number;
}

/** How much is kept. */
export interface Retention {
  readonly maxRevisions: number;
  readonly maxDays: number;
  readonly maxMegabytes: number;
}
