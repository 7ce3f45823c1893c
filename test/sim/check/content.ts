import { block } from '../node/node.ts';
import { externalName, internalName, marker, revisionOf } from '../person/truth.ts';

/** What a node's target says, in the words of its readers. */
export interface Said {
  readonly names: ReadonlyMap<string, string>;
  /** The revision of the registry that these bytes were made of. */
  readonly revision: number | undefined;
}

const nothing: Said = { names: new Map(), revision: undefined };
const read = new Map<string, Said>();

/** Reads a target as its reader would: lines of a hosts file, or routers of a Traefik file. Its own code, not the product's. */
export function saidBy(kind: 'hosts' | 'traefik-routes', file: string | undefined): Said {
  if (file === undefined) return nothing;
  const key = `${kind} ${file}`;
  let said = read.get(key);
  if (said === undefined) {
    if (read.size > 5_000) read.clear();
    said = kind === 'hosts' ? hostsIn(file) : routesIn(file);
    read.set(key, said);
  }
  return said;
}

function hostsIn(file: string): Said {
  const names = new Map<string, string>();
  for (const line of (block.exec(file)?.[0] ?? '').split('\n')) {
    const [, ip, name] = /^([0-9a-f.:]+)\s+(\S+)$/u.exec(line) ?? [];
    if (ip !== undefined && name !== undefined) names.set(name, ip);
  }
  return { names, revision: revisionOf(names.get(internalName(marker)) ?? '') };
}

function routesIn(file: string): Said {
  const urls = new Map(
    [
      ...file.matchAll(/^ {4}"?([a-z0-9_-]+)"?:\n {6}loadBalancer:\n {8}servers:\n {10}- url: "([^"]+)"$/gmu),
    ].map(([, service = '', url = '']) => [service, url]),
  );
  const names = new Map(
    [...file.matchAll(/^ {6}rule: "Host\(`([^`]+)`\)"\n {6}service: "?([a-z0-9_-]+)"?$/gmu)].map(
      ([, host = '', service = '']) => [host, urls.get(service) ?? 'no backend'],
    ),
  );
  const address = /^http:\/\/([0-9.]+):/u.exec(names.get(externalName(marker)) ?? '')?.[1];
  return { names, revision: revisionOf(address ?? '') };
}

/** A hosts file without our block. */
export function foreignBytes(file: string | undefined): string {
  return (file ?? '').replace(block, '');
}
