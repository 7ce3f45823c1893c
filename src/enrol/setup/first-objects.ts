import { mkdir } from 'node:fs/promises';
import type { RegistryObject } from '../../model/snapshot.ts';
import type { Source } from '../../registry/source.ts';
import type { Stamp } from '../../registry/operations/nodes.ts';

/** One data key of an object that does not exist yet. */
export interface FirstText {
  readonly object: RegistryObject;
  readonly key: string;
  readonly text: string;
}

/** What `init` asks of a cluster that says nothing of itself yet. */
export interface ClusterWords {
  readonly name: string;
  readonly domain: string;
  readonly publicDomain: string | undefined;
}

/** The empty registries, as the predecessor began them. */
export function firstTexts(
  { name, domain, publicDomain }: ClusterWords,
  { now, by }: Stamp,
): readonly FirstText[] {
  const nodes = {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: [],
    metadata: { version: '1.0', last_updated: now, updated_by: by },
  };
  return [
    { object: 'cluster-info', key: 'cluster-name', text: name },
    { object: 'cluster-info', key: 'cluster-domain', text: domain },
    ...(publicDomain === undefined
      ? []
      : [{ object: 'cluster-info', key: 'public-domain', text: publicDomain } as const]),
    { object: 'service-registry', key: 'services.json', text: '{}' },
    { object: 'sync-controller-registry', key: 'registry.json', text: JSON.stringify(nodes, null, 2) },
    { object: 'domain-registry', key: 'domains.json', text: '{"domains":{},"vps_nodes":[]}' },
    { object: 'domain-registry', key: 'routing.json', text: '{}' },
  ];
}

/** Writes the keys of objects that do not exist; what somebody has made meanwhile stays as it is. */
export async function createMissing(source: Source, texts: readonly FirstText[]): Promise<void> {
  for (const { object, key, text } of texts)
    await source.edit(object, key, (present) => (present === undefined ? text : undefined));
}

/** A folder of registries has to be there before it can be read. */
export async function makeRegistryFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
}
