import { parseDocument, type Document } from 'yaml';
import type { Bundle } from '../model/bundle.ts';

/** What a target held before us: each name and where it led, and the headers of the predecessor's tools in it. */
export interface FormerTarget {
  readonly names: ReadonlyMap<string, string>;
  readonly legacy: readonly string[];
}

/** What changes for the names of a node when our bytes take the place of what is there. */
export interface TargetChange {
  readonly lost: readonly string[];
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly legacy: readonly string[];
}

/** The headers by which the predecessor's tools mark what they wrote. */
const legacyHeaders = [
  '# MyNodeOne Services - Auto-',
  '# MyNodeOne services',
  '# MyNodeOne Apps',
  '# MyNodeOne Routes - Auto-generated',
] as const;

const ends: Readonly<Record<string, string>> = {
  '# MyNodeOne services': '# End MyNodeOne services',
  '# MyNodeOne Apps': '# End MyNodeOne Apps',
};

/** Reads what a node holds today; what neither we nor the predecessor wrote is not looked at. */
export function readFormer(kind: string, text: string): FormerTarget {
  return kind === 'traefik-routes' ? formerRoutes(text) : formerHosts(text);
}

/** True where a file holds exactly what a push would leave there. */
export function isHeld(bundle: Pick<Bundle, 'kind' | 'bytes'>, text: string): boolean {
  if (bundle.kind !== 'hosts') return text === bundle.bytes;
  return `\n${text}`.includes(`\n${bundle.bytes}`) && readFormer('hosts', text).legacy.length === 0;
}

/** Compares what a node holds with the bytes that a push would put there. */
export function targetChange(kind: string, text: string, bytes: string): TargetChange {
  const before = readFormer(kind, text);
  const after = readFormer(kind, bytes).names;
  return {
    lost: [...before.names.keys()].filter((name) => !after.has(name)).toSorted(),
    changed: [...before.names]
      .filter(([name, to]) => after.has(name) && after.get(name) !== to)
      .map(([name, to]) => `${name}: ${to} becomes ${after.get(name) ?? ''}`)
      .toSorted(),
    added: [...after.keys()].filter((name) => !before.names.has(name)).toSorted(),
    legacy: before.legacy,
  };
}

function formerHosts(text: string): FormerTarget {
  const names = new Map<string, string>();
  const legacy: string[] = [];
  let end: string | undefined;
  let inside = false;
  for (const line of text.split('\n')) {
    const header = legacyHeaders.find((one) => line.startsWith(one));
    if (header !== undefined || line.startsWith('# BEGIN sync-controller ')) {
      if (header !== undefined) legacy.push(header);
      end = header === undefined ? line.replace('BEGIN', 'END') : ends[header];
      inside = true;
    } else if (inside && (end === undefined ? line.trim() === '' : line === end)) inside = false;
    else if (inside) readEntry(line, names);
  }
  return { names, legacy };
}

function readEntry(line: string, names: Map<string, string>): void {
  const [ip = '', ...hosts] = (line.split('#')[0] ?? '').trim().split(/\s+/u);
  if (/^[0-9a-f.:]{2,45}$/u.test(ip)) for (const host of hosts) if (!names.has(host)) names.set(host, ip);
}

/** Routes of the old format, too: its stray line and its doubled keys are read as Traefik would have to. */
function formerRoutes(text: string): FormerTarget {
  const legacy = text.startsWith(legacyHeaders[3]) ? [legacyHeaders[3]] : [];
  // The old tools wrote `@:` for the root of a domain, which is no YAML.
  const document = parseDocument(text.replaceAll(/^(\s*)@(.*):\s*$/gmu, '$1"@$2":'), {
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const names = new Map<string, string>();
  const root = document.errors.length > 0 ? undefined : valueOf(document);
  const http = part(root, 'http');
  for (const [, router] of entriesOf(part(http, 'routers'))) {
    const rule = part(router, 'rule');
    const service = part(router, 'service');
    if (typeof rule !== 'string' || typeof service !== 'string') continue;
    const servers = part(part(part(part(http, 'services'), service), 'loadBalancer'), 'servers');
    const url: unknown = Array.isArray(servers) ? part(servers[0], 'url') : undefined;
    for (const [, host = ''] of rule.matchAll(/Host\(`([^`]+)`\)/gu))
      names.set(host, typeof url === 'string' ? url : 'no backend');
  }
  return { names, legacy };
}

/** Aliases are refused: nobody's routes need them, and they may grow without end. */
function valueOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}

function part(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
