import { digestOf } from './bundle.ts';
import { decideHolders, type LostClaim } from './claims.ts';
import type { Node } from './node.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot before its names are decided and its digest is taken. */
export type UnsealedSnapshot = Omit<Snapshot, 'digest' | 'holders'>;

/** Decides contested names against what was in force before, and takes the digest of the content. */
export function sealSnapshot(
  content: UnsealedSnapshot,
  previous: Snapshot | undefined,
): { readonly snapshot: Snapshot; readonly lost: readonly LostClaim[] } {
  const { holders, lost } = decideHolders({ ...content, holders: new Map() }, previous);
  return { snapshot: { ...content, holders, digest: snapshotDigest({ ...content, holders }) }, lost };
}

/** Digest of what a snapshot says, whatever the formatting and key order. Recorded status and findings play no part. */
export function snapshotDigest(content: Omit<Snapshot, 'digest'>): string {
  return digestOf(
    JSON.stringify([
      content.clusterInfo.name ?? null,
      content.clusterInfo.domain ?? null,
      content.clusterInfo.controlPlaneIp ?? null,
      content.clusterInfo.publicDomain ?? null,
      sorted(content.services).map((s) => [
        s.name,
        s.subdomain,
        s.namespace ?? null,
        s.service ?? null,
        s.ip ?? null,
        s.port,
        s.public,
        ...(s.clusterDomain === undefined ? [] : [s.clusterDomain]),
      ]),
      sorted(content.nodes).map(nodeContent),
      sorted(content.domains).map((d) => [d.name, d.description, d.status ?? null]),
      sorted(content.vpsRecords).map((v) => [v.tailscaleIp, v.publicIp, v.location, v.status ?? null]),
      sorted(content.routes).map((r) => [r.service, r.domains, r.vpsNodes, r.strategy]),
      content.multiDomain,
      [...content.holders].sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  );
}

function nodeContent(node: Node): unknown {
  const labels = Object.entries(node.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const pins = node.hostKeys.map((pin) => [pin.key, pin.source, pin.added]);
  return [
    node.id,
    node.name,
    node.sshUser,
    node.sshPort ?? null,
    pins,
    labels,
    node.publicDomain ?? null,
    node.repoPath ?? null,
  ];
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
