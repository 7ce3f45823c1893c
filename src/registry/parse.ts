import type { LostClaim } from '../model/claims.ts';
import { sealSnapshot, type UnsealedSnapshot } from '../model/seal.ts';
import {
  registryObjects,
  type Finding,
  type RawObject,
  type RegistryObject,
  type Snapshot,
} from '../model/snapshot.ts';
import { parseClusterInfo } from './parse-cluster-info.ts';
import { parseDomains } from './parse-domains.ts';
import { parseNodes } from './parse-nodes.ts';
import { checkReferences } from './parse-references.ts';
import { parseRouting } from './parse-routing.ts';
import { parseServices } from './parse-services.ts';
import { Place } from './quarantine.ts';

type RawObjects = ReadonlyMap<RegistryObject, RawObject>;

const nothing = {
  clusterInfo: { name: undefined, domain: undefined, controlPlaneIp: undefined, publicDomain: undefined },
  services: new Map(),
  nodes: new Map(),
  domains: new Map(),
  vpsRecords: new Map(),
  routes: new Map(),
  multiDomain: false,
} as const;

/** What mends a registry; the words of a source stand in source-remedies.ts. */
export interface RegistryRemedies {
  readonly absent: (object: RegistryObject) => string;
  /** A key that has no value. */
  readonly unset: (object: RegistryObject) => string;
}

const anywhere: RegistryRemedies = {
  absent: (object) => `put ${object} back, then: syncctl validate`,
  unset: (object) => `set it in ${object}, then: syncctl validate`,
};

/**
 * Reads the four registry objects into one value. What cannot be read keeps its last good state and is reported;
 * one bad entry is set aside alone. Pure: the same objects and last good give the same snapshot.
 */
export function parseRegistries(
  objects: RawObjects,
  lastGood: Snapshot | undefined,
  remedies: RegistryRemedies = anywhere,
): Snapshot {
  const findings: Finding[] = [];
  const place = (object: RegistryObject): Place => new Place(findings, object);
  for (const object of registryObjects)
    if (!objects.has(object)) reportAbsent(object, place(object), { lastGood, remedies });
  const before = lastGood ?? nothing;
  const domainObject = objects.get('domain-registry');
  const { domains, vpsRecords } = parseDomains(domainObject, before, place('domain-registry'));
  const { routes, multiDomain } = parseRouting(domainObject, before, place('domain-registry'));
  const content = {
    clusterInfo: parseClusterInfo(objects.get('cluster-info'), before.clusterInfo, place('cluster-info')),
    services: parseServices(objects.get('service-registry'), before.services, place('service-registry')),
    nodes: parseNodes(
      objects.get('sync-controller-registry'),
      before.nodes,
      place('sync-controller-registry'),
    ),
    domains,
    vpsRecords,
    routes,
    multiDomain,
    findings,
    paused: pausedObjects(objects, lastGood),
    complete: false,
    additionsOnly: false,
  } satisfies UnsealedSnapshot;
  if (content.clusterInfo.domain === undefined) {
    place('cluster-info')
      .at('cluster-domain')
      .error(
        'expected the cluster domain, got none: no names are written to laptops and workers until it is set',
        remedies.unset('cluster-info'),
      );
  }
  checkReferences(content, place('service-registry'), place('domain-registry'));
  const { snapshot, lost } = sealSnapshot(content, lastGood);
  // A contested name is served by its holder, so it leaves nothing unknown: only what could not be read does.
  const complete = !findings.some((finding) => finding.severity === 'error');
  for (const claim of lost) reportLost(claim, place('service-registry'));
  return { ...snapshot, complete };
}

function reportAbsent(
  object: RegistryObject,
  place: Place,
  { lastGood, remedies }: { lastGood: Snapshot | undefined; remedies: RegistryRemedies },
): void {
  // A cluster that never had a public domain has no such object; one that had it has lost it.
  if (object === 'domain-registry' && !hasDomains(lastGood))
    place.warn('no such object: no public domains are registered');
  else place.error('expected the object, got none; its last good state stays', remedies.absent(object));
}

function hasDomains(lastGood: Snapshot | undefined): boolean {
  return (
    lastGood !== undefined && lastGood.domains.size + lastGood.vpsRecords.size + lastGood.routes.size > 0
  );
}

function reportLost({ lost, holder }: LostClaim, place: Place): void {
  const cut = lost.key.indexOf('/');
  const name = `the ${lost.key.slice(0, cut) === 'hosts' ? 'internal' : 'public'} name ${lost.key.slice(cut + 1)}`;
  place
    .at('services.json')
    .at(lost.service)
    .at('subdomain')
    .error(
      `expected a name of its own, got ${name}, which ${holder.service} (${holder.target}) holds; ${lost.service} (${lost.target}) is not served under it`,
      `give one of ${holder.service} and ${lost.service} another subdomain`,
    );
}

/** The annotation pauses by being there; `false` is the one value that does not. An object that is gone stays paused. */
function pausedObjects(objects: RawObjects, lastGood: Snapshot | undefined): readonly RegistryObject[] {
  return registryObjects.filter((object) => {
    const raw = objects.get(object);
    if (raw === undefined) return lastGood?.paused.includes(object) ?? false;
    const value = Object.hasOwn(raw.annotations, 'sync-controller/paused')
      ? raw.annotations['sync-controller/paused']
      : undefined;
    return value !== undefined && value !== 'false';
  });
}
