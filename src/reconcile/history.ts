import { isoSeconds } from '../lib/clock.ts';
import type { Actor } from '../contract/controller.ts';
import type { EditNotes, HistoryApi } from '../contract/history.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { FleetPlan, NodePlan } from '../model/plan.ts';
import { textsIn } from '../model/registry-shares.ts';
import { textsOf, type RegistryTexts } from '../model/registry-texts.ts';
import type { RawObject, RegistryObject, Snapshot } from '../model/snapshot.ts';
import type { NodeStatus } from '../model/status.ts';
import type { ShareNow } from '../registry/registry.ts';
import type { Source } from '../registry/source.ts';
import type { NewPush, ObjectRow } from '../store/history/records.ts';
import type { SeenRevision } from '../store/history/recorder.ts';
import { desiredDigest } from './reconciler.ts';

// A registry that is wrong from end to end must not fill the history.
const findingsLimit = 200;

/** What the controller tells of itself while it works. Nothing ever waits for it. */
export interface HistoryRecorder {
  /** What is in force now, with the texts it was read from; told again it costs nothing. */
  revision(seen: SeenRevision): void;
  push(push: NewPush): void;
  /** `R<n>` of a snapshot's digest; undefined where it is not filed (yet). */
  revisionNumber(digest: string): number | undefined;
  /** The digest of a snapshot that a word of an admin names: `R12`, `12`, the beginning of a digest, `latest`, `previous`. */
  digestOf(word: string): string | undefined;
  close(): Promise<void>;
}

/** The history of a controller: kept by it, and read through it. */
export interface History extends HistoryRecorder, EditNotes {
  readonly reader: HistoryApi;
}

/** One attempt on one node, as it was recorded. */
export interface Attempt {
  readonly plan: NodePlan;
  readonly outcome: Outcome;
  readonly status: NodeStatus | undefined;
  readonly kind: string;
  readonly attempted: boolean;
  readonly attempt: number;
  /** Wall clock, milliseconds. */
  readonly startedMs: number;
  readonly totalMs: number;
  readonly actor: Actor | undefined;
}

/** A row of the history out of an attempt. */
export function pushOf(attempt: Attempt, term: { epoch: number; writer: string } | undefined): NewPush {
  const { plan, outcome, status, kind, attempted, actor } = attempt;
  const { timings, receipt } = outcome;
  return {
    node: plan.id,
    name: plan.node.name,
    kind,
    attempted,
    attempt: attempt.attempt,
    digest: plan.revision ?? null,
    epoch: term?.epoch ?? null,
    writer: term?.writer ?? null,
    started: isoSeconds(attempt.startedMs),
    totalMs: Math.round(attempt.totalMs),
    phases: timings ?? { waitMs: 0, dialMs: 0, exchangeMs: 0, verifyMs: 0 },
    ok: outcome.ok,
    changed: outcome.ok && outcome.changed,
    cause: outcome.ok ? null : outcome.cause,
    evidence: outcome.ok ? '' : outcome.evidence,
    desired: desiredDigest(plan) ?? null,
    installed: outcome.ok ? outcome.installed : (receipt?.after ?? null),
    rungs: outcome.ok ? outcome.rungs : [],
    notes: outcome.ok ? outcome.notes : [],
    receipt:
      receipt === undefined
        ? null
        : { ...receipt, before: receipt.before ?? null, after: receipt.after ?? null },
    state: status?.state ?? null,
    who: actor?.who ?? null,
    why: actor?.reason ?? null,
  };
}

/** What is in force, as the history files it. */
export function seenRevision(
  effective: Snapshot,
  read: {
    readonly objects: ReadonlyMap<RegistryObject, RawObject>;
    /** All of them, where there are several sources. */
    readonly shares?: readonly ShareNow[] | undefined;
    readonly plan: FleetPlan | undefined;
    readonly source: string;
    readonly atMs: number;
    readonly approvals?: readonly { readonly who: string; readonly why: string | undefined }[];
  },
): SeenRevision {
  return {
    digest: effective.digest,
    at: isoSeconds(read.atMs),
    source: read.source,
    complete: effective.complete,
    findings: effective.findings.slice(0, findingsLimit),
    ...(read.shares === undefined
      ? { objects: rowsOf(read.objects), texts: textsOf(read.objects.values()) }
      : filedShares(read.shares)),
    plans: nodesByDigest(read.plan),
    approvals: (read.approvals ?? []).map(({ who, why }) => ({ who, why: why ?? null })),
  };
}

function rowsOf(objects: RawObjects, source?: string): readonly ObjectRow[] {
  return [...objects.values()].map(({ name, uid, resourceVersion, editors }) => ({
    ...(source === undefined ? {} : { source }),
    name,
    uid,
    resourceVersion,
    editors: editors ?? {},
  }));
}

/** What is filed of several sources: of one that cannot be read now, what was read of it last. */
function filedShares(
  shares: readonly ShareNow[],
): Pick<SeenRevision, 'objects' | 'texts' | 'sources' | 'unread'> {
  const read = shares.map(({ name, kept }) => ({ name, kept: kept ?? new Map() }));
  return {
    objects: read.flatMap(({ name, kept }) => rowsOf(kept, name)),
    texts: Object.assign(
      {},
      ...read.map(({ name, kept }) => textsIn(name, textsOf(kept.values()))),
    ) as RegistryTexts,
    sources: shares.map(({ name, priority, source }) => ({ name, priority, place: placeOf(source) })),
    unread: shares.filter(({ kept }) => kept === undefined).map(({ name }) => name),
  };
}

/** Where a source is read: kind and location. */
export function placeOf(source: Pick<Source, 'health'>): string {
  const { kind, location } = source.health();
  return `${kind} ${location}`;
}

type RawObjects = ReadonlyMap<RegistryObject, RawObject>;

function nodesByDigest(plan: FleetPlan | undefined): Readonly<Record<string, readonly string[]>> {
  const nodes: Record<string, NodeId[]> = {};
  for (const one of plan?.nodes.values() ?? []) {
    const digest = desiredDigest(one);
    if (digest !== undefined) (nodes[digest] ??= []).push(one.id);
  }
  return nodes;
}
