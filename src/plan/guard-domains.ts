import { internalNames } from '../model/host-names.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isMassive, type GuardCheck } from './guard-types.ts';
import { lostHosts } from './public-hosts.ts';

/** Another cluster domain, or none: every internal name would change at once. */
export const clusterDomainChange: GuardCheck = (base, current) => {
  const before = base.clusterInfo.domain;
  const now = current.clusterInfo.domain;
  if (before === undefined || before === now || !hasInternalNames(base, before)) return undefined;
  return {
    kind: 'cluster-domain',
    names: [`${before} -> ${now ?? 'none'}`],
    reason: `one change would replace the cluster domain ${before} by ${now ?? 'none'}`,
    kept: { clusterInfo: { ...current.clusterInfo, domain: before } },
  };
};

function hasInternalNames(snapshot: Snapshot, domain: string): boolean {
  return [...snapshot.services.values()].some(
    (service) => service.ip !== undefined && internalNames(service, domain).length > 0,
  );
}

/** The cluster's public domain taken away while it serves names, or replaced while it serves many. */
export const publicDomainChange: GuardCheck = (base, current, limits) => {
  const before = base.clusterInfo.publicDomain;
  const now = current.clusterInfo.publicDomain;
  if (before === undefined || before === now) return undefined;
  const kept = { clusterInfo: { ...current.clusterInfo, publicDomain: before } };
  const { lost, total } = lostHosts({ ...current, ...kept }, current);
  if (lost.length === 0 || (now !== undefined && !isMassive(lost.length, total, limits))) return undefined;
  return {
    kind: now === undefined ? 'key' : 'domain',
    names: [`${before} -> ${now ?? 'none'}`],
    reason: `one change would replace the public domain ${before} by ${now ?? 'none'} and remove ${String(lost.length)} of ${String(total)} public names`,
    kept,
  };
};
