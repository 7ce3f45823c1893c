import type { HeldRemoval } from '../../model/plan.ts';
import { registryObjects, type Finding, type RegistryObject, type Snapshot } from '../../model/snapshot.ts';

/** What each object says, as one text: which of them a revision has changed. */
export function sayings(snapshot: Snapshot): ReadonlyMap<RegistryObject, string> {
  const { services, nodes, domains, vpsRecords, routes, multiDomain, clusterInfo } = snapshot;
  const parts = {
    'service-registry': [...services],
    'sync-controller-registry': [...nodes].map(([id, node]) => [
      id,
      { ...node, recorded: undefined, row: undefined },
    ]),
    'domain-registry': [[...domains], [...vpsRecords], [...routes], multiDomain],
    'cluster-info': clusterInfo,
  } satisfies Record<RegistryObject, unknown>;
  return new Map(registryObjects.map((name) => [name, JSON.stringify(parts[name])]));
}

/** The errors of one object in one line, which of several sources begins with the name of its own; undefined where there are none. */
export function quarantineNote(findings: readonly Finding[], object: string): string | undefined {
  const wrong = findings.filter(
    ({ severity, path }) => severity === 'error' && (path === object || path.startsWith(`${object}/`)),
  );
  const [first] = wrong;
  if (first === undefined) return undefined;
  const more = wrong.length === 1 ? '' : `; and ${String(wrong.length - 1)} more: syncctl validate`;
  return `${first.path}: ${first.message}; ${first.remedy}${more}`;
}

const homes: Readonly<Record<HeldRemoval['kind'], RegistryObject>> = {
  service: 'service-registry',
  node: 'sync-controller-registry',
  domain: 'domain-registry',
  route: 'domain-registry',
  mode: 'domain-registry',
  'cluster-domain': 'cluster-info',
  key: 'cluster-info',
};

/** The withheld removals of one object in one line; undefined where there are none. */
export function withheldNote(held: readonly HeldRemoval[], object: RegistryObject): string | undefined {
  const ours = held.filter(({ kind }) => homes[kind] === object);
  return ours.length === 0
    ? undefined
    : ours.map(({ reason, hash }) => `${reason}: syncctl approve ${hash}`).join('; ');
}
