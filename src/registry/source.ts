import type { Finding, RawObject, RegistryObject } from '../model/snapshot.ts';
import type { Announcer } from './announcer.ts';

/** What one look at a source gave: every object that exists, or why it could not be read. An unreadable source is never an empty one. */
export type Reading =
  | {
      readonly kind: 'read';
      readonly objects: ReadonlyMap<RegistryObject, RawObject>;
      /** Objects that do not exist, or of which no part can be trusted (`findings` says why). */
      readonly missing: readonly RegistryObject[];
      /** What the source itself noticed: a manifest that does not parse, an object that went back in time. */
      readonly findings: readonly Finding[];
    }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly remedy: string };

/** What the objects are called where they live; settings may name them otherwise. */
export type ObjectNames = Readonly<Record<RegistryObject, string>>;

/** The names of the predecessor, which are also ours. */
export const defaultNames: ObjectNames = {
  'service-registry': 'service-registry',
  'sync-controller-registry': 'sync-controller-registry',
  'domain-registry': 'domain-registry',
  'cluster-info': 'cluster-info',
};

export interface SourceHealth {
  readonly kind: 'kubernetes' | 'directory';
  /** Where it reads: API server and namespace, or the folder. */
  readonly location: string;
  /** Milliseconds (monotonic clock) at which the source last proved to be alive; undefined before the first time. */
  readonly lastProofMs: number | undefined;
  readonly restarts: number;
  readonly stalls: number;
}

/** Where the registries live. Two implementations, `kubernetes` and `directory`; one contract suite runs against both. */
export interface Source {
  /** One consistent read of all four objects. Never rejects for a failing source: that is a Reading of kind `unreadable`. */
  read(signal: AbortSignal): Promise<Reading>;
  /**
   * Calls back when an object may have changed; carries no content. Every object is named once as soon as changes are
   * followed, so that one made between a first read and that moment is not lost. Runs until the signal fires; recovers
   * by itself for ever.
   */
  watch(onHint: (object: RegistryObject) => void, signal: AbortSignal): Promise<void>;
  /**
   * Read-modify-write of one data key under optimistic concurrency: `edit` gets the current text (undefined where absent) and returns
   * the new text, or undefined to leave it. It is called again with fresh text after a conflict and after an answer that
   * got lost, so it must be able to find its own work done.
   * Creates the object where it does not exist. Other keys, metadata and foreign bytes stay as they are.
   * @returns the resource version after the write, or undefined when nothing was written.
   */
  edit(
    object: RegistryObject,
    key: string,
    edit: (text: string | undefined) => string | undefined,
  ): Promise<string | undefined>;
  /** Ours, beside the registries: reads and writes of the term record and the status objects. */
  readonly own: OwnObjects;
  /** Writes beside the registries what became of them; undefined where nobody could read it (directory). */
  readonly announcer?: Announcer;
  health(): SourceHealth;
  /** What an earlier process read last: an older version of one of these objects is stale from the first read on. */
  recall?(objects: readonly RawObject[]): void;
  /** Services of type LoadBalancer, for `service discover`; undefined where the source has none (directory). */
  loadBalancers(signal: AbortSignal): Promise<readonly LoadBalancer[] | undefined>;
  close(): Promise<void>;
}

/** Objects that are ours alone: the term record and the status shards. Values are small JSON strings by key. */
export interface OwnObjects {
  read(name: string, signal?: AbortSignal): Promise<OwnObject | undefined>;
  /** Compare-and-swap of whole data: `version` undefined creates; equal data may keep the version. @returns the new version, or undefined when another writer was first. */
  swap(
    name: string,
    data: Readonly<Record<string, string>>,
    version: string | undefined,
  ): Promise<string | undefined>;
  /** Merge patch of single keys; a null value removes the key. Creates the object. */
  patch(name: string, data: Readonly<Record<string, string | null>>): Promise<void>;
}

export interface OwnObject {
  readonly version: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface LoadBalancer {
  readonly namespace: string;
  readonly name: string;
  /** Empty while the load balancer has given none: the service is there, and is not to be taken for removed. */
  readonly ip: string;
  readonly port: number;
  readonly annotations: Readonly<Record<string, string>>;
}
