import type { Node, NodeId } from './node.ts';
import type { ClusterInfo, Domain, Route, Service, VpsRecord } from './service.ts';

/** The registry objects, named as their ConfigMaps are by default. */
export const registryObjects = [
  'service-registry',
  'sync-controller-registry',
  'domain-registry',
  'cluster-info',
] as const;
export type RegistryObject = (typeof registryObjects)[number];

/** One thing the admin should know about a registry: where, what was expected, what was found, what to do. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Object, key and JSON pointer: `service-registry/services.json/demo/port`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A raw registry object as a source delivers it: data keys are strings, untouched. */
export interface RawObject {
  readonly name: RegistryObject;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** By key: the field manager that wrote it last, where the source knows. */
  readonly editors?: Readonly<Record<string, string>>;
}

/** What should be, as one value: every registry parsed, bad entries set aside, the last good ones kept. Immutable. */
export interface Snapshot {
  /** Digest of the parsed content: equal content has equal digests whatever the formatting. */
  readonly digest: string;
  readonly clusterInfo: ClusterInfo;
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<NodeId, Node>;
  readonly domains: ReadonlyMap<string, Domain>;
  readonly vpsRecords: ReadonlyMap<string, VpsRecord>;
  readonly routes: ReadonlyMap<string, Route>;
  /** True where `routing.json` has entries, valid or not: then a service is public only where it is routed. */
  readonly multiDomain: boolean;
  /** Who keeps a host name that several services claim with different targets: claim key -> service name. */
  readonly holders: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  /** Registries under the annotation `sync-controller/paused`. */
  readonly paused: readonly RegistryObject[];
  /** True when every object was present and wholly valid; removals without a last-good wait for it. */
  readonly complete: boolean;
  /** True from a first start on an incomplete source until a complete one was seen: nodes keep names the plan does not know. */
  readonly additionsOnly: boolean;
  /** Where it was merged from several: each source in the order in which they win. */
  readonly sources?: readonly SourceShare[];
}

/** What one of several sources gives. */
export interface SourceShare {
  readonly name: string;
  /** `none`: nothing was ever read of it, so that what is in force of it stays. */
  readonly state: 'fresh' | 'last-good' | 'none';
}

/** Whose each entry is, of several sources: no part of the digest, because it changes no byte on any node. */
export function ownersOf({ sources, services, nodes, domains }: Snapshot): string {
  if (sources === undefined) return '';
  return JSON.stringify(
    [services, nodes, domains].map((entries) =>
      [...entries].map(([key, { source }]) => `${key} ${source ?? ''}`).toSorted(),
    ),
  );
}
