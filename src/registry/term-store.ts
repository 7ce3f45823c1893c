import { hostname } from 'node:os';
import type { Term } from '../model/term.ts';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import type { ClusterMemory } from './cluster-memory.ts';

/** Who may write: the highest epoch taken so far, and by whom. Epoch 0 means that no term was ever taken. */
export interface TermRecord {
  readonly clusterId: string;
  readonly epoch: number;
  readonly writer: string | undefined;
  /** Host and process of the one that took it, for people. */
  readonly holder: string | undefined;
  readonly since: string | undefined;
}

/** Where terms are taken. `cluster_id` is minted once and kept beside the registries; losing the state directory loses only the epoch. */
export interface TermStore {
  /** The record as it stands; undefined where no cluster id was minted yet. Never writes. */
  peek(): Promise<TermRecord | undefined>;
  /** The record as it stands; mints the cluster id where there is none. */
  read(): Promise<TermRecord>;
  /** Begins a term: `epoch := max(stored, heard) + 1` by compare-and-swap. */
  take(input: TermClaim): Promise<Term>;
}

export interface TermClaim {
  /** The highest epoch any reachable node has named. */
  readonly heard: number;
  readonly writer: string;
  readonly holder: string;
}

export interface TermPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Name of the object that holds the term on Kubernetes, and of the data key that holds the cluster id in a folder's `cluster-info`. */
export const termObject = 'sync-controller-term';
export const clusterIdKey = 'sync-controller-cluster-id';

const clusterIdForm = /^[a-z0-9-]{8,64}$/u;

/** The id a source shall have that has none: the one we knew it by, else a new random one, short enough to be typed. */
export async function clusterIdFor(memory: ClusterMemory, random: Random): Promise<string> {
  const known = await memory.recall();
  return known !== undefined && clusterIdForm.test(known) ? known : `sc-${random.hex(8)}`;
}

/** The record of a cluster in which no term was taken yet. */
export function unusedTerm(clusterId: string): TermRecord {
  return { clusterId, epoch: 0, writer: undefined, holder: undefined, since: undefined };
}

/** The text as a cluster id, or a refusal that says where the bad one stands. */
export function clusterIdOf(text: string, where: string): string {
  const id = text.trim();
  if (clusterIdForm.test(id)) return id;
  throw new SyncError(
    'data',
    `${where}: expected a cluster id of [a-z0-9-]{8,64}, got ${JSON.stringify(id.slice(0, 80))}`,
    {
      remedy: 'restore the id that the nodes know: the fields cluster=… of `syncctl node show`',
    },
  );
}

/** The record after a claim: one above everything stored or heard. */
export function nextRecord(stored: TermRecord, claim: TermClaim, clock: Clock): TermRecord {
  if (!Number.isSafeInteger(claim.heard) || claim.heard < 0)
    throw new SyncError('internal', `expected an epoch, got ${claim.heard}`);
  const epoch = Math.max(stored.epoch, claim.heard) + 1;
  if (!Number.isSafeInteger(epoch))
    throw new SyncError('data', `no epoch is left above ${claim.heard}`, {
      remedy: 'reset the fence on the node that named it',
    });
  return {
    clusterId: stored.clusterId,
    epoch,
    writer: claim.writer,
    holder: claim.holder,
    since: isoSeconds(clock.now()),
  };
}

/** The record as strings, the form in which both stores keep it. */
export function recordToData(record: TermRecord): Record<string, string> {
  const { clusterId, epoch, writer, holder, since } = record;
  const optional = Object.entries({ writer, holder, since }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { cluster_id: clusterId, epoch: String(epoch), ...Object.fromEntries(optional) };
}

/** The record from its strings; undefined where the cluster id is missing. A damaged epoch reads as 0: the nodes' answers lift it again. */
export function recordFromData(
  data: Readonly<Record<string, string>>,
  where: string,
): TermRecord | undefined {
  const id = data['cluster_id'];
  if (id === undefined || id === '') return undefined;
  const epoch = /^(?:0|[1-9]\d{0,15})$/u.test(data['epoch'] ?? '') ? Number(data['epoch']) : 0;
  return {
    clusterId: clusterIdOf(id, `${where}/cluster_id`),
    epoch,
    writer: data['writer'],
    holder: data['holder'],
    since: data['since'],
  };
}

/** How a holder names itself. */
export function holderName(command: string): string {
  return `${command} on ${hostname()} (pid ${process.pid})`;
}
