import { parse } from 'yaml';
import type { Dice } from '../kernel/dice.ts';
import type { World } from '../kernel/world.ts';

interface Loaded {
  readonly routers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const nothing: Loaded = { routers: {}, services: {} };
const read = new Map<string, Loaded | undefined>();

/** Traefik beside a routes file: loads it by itself some time after it changed, and says what it has loaded. */
export class Consumer {
  down = false;
  /** Keeps what it had, whatever the file says. */
  stubborn = false;
  /** Some set-ups leave Traefik's API switched off. */
  readonly hasApi: boolean;
  private readonly world: World;
  private loaded: Loaded = nothing;
  private source = '';
  private file: string | undefined;
  private readonly dice: Dice;

  constructor(world: World, name: string, hasApi: boolean) {
    this.world = world;
    this.dice = world.dice.fork(`consumer ${name}`);
    this.hasApi = hasApi;
  }

  /** The file changed: it is read after the throttle. */
  changed(bytes: string | undefined): void {
    this.file = bytes;
    this.world.after(80 + this.dice.unit() * 2100, () => this.load());
  }

  /** It starts again, or its API does. */
  restart(): void {
    this.down = false;
    this.load();
  }

  load(): void {
    if (this.down || this.stubborn) return;
    const parsed = readRoutes(this.file ?? '');
    if (parsed === undefined) return;
    this.loaded = parsed;
    this.source = this.file ?? '';
  }

  /** True where it serves exactly what these bytes say. */
  serves(bytes: string | undefined): boolean {
    if (this.down) return false;
    const text = bytes ?? '';
    return this.source === text || JSON.stringify(readRoutes(text)) === JSON.stringify(this.loaded);
  }

  /** True where a request by each host name of these bytes reaches a router, whatever stands behind it. */
  answers(bytes: string | undefined): boolean {
    const wanted = Object.values(readRoutes(bytes ?? '')?.routers ?? {}).map((router) => router['rule']);
    const served = new Set(Object.values(this.loaded.routers).map((router) => router['rule']));
    return !this.down && wanted.every((rule) => served.has(rule));
  }

  /** The answer of `/api/rawdata`. */
  raw(): Buffer {
    return Buffer.from(JSON.stringify({ routers: this.loaded.routers, services: this.loaded.services }));
  }
}

/** A routes file as Traefik v3 shows it; undefined where it would refuse the file. */
function readRoutes(text: string): Loaded | undefined {
  const known = read.get(text);
  if (known !== undefined || read.has(text)) return known;
  if (read.size > 2_000) read.clear();
  const loaded = loadedFrom(text);
  read.set(text, loaded);
  return loaded;
}

interface Http {
  readonly routers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function loadedFrom(text: string): Loaded | undefined {
  let http: Http | undefined;
  try {
    http = (parse(text) as { http?: Http } | null)?.http;
  } catch {
    return undefined;
  }
  if (http === undefined) return nothing;
  if (http.routers === undefined || Object.keys(http.routers).length === 0) return undefined;
  return {
    routers: named(http.routers, (fields) => ({
      ...fields,
      status: 'enabled',
      middlewares: ((fields['middlewares'] ?? []) as string[]).map((name) => `${name}@file`),
    })),
    services: named(http.services ?? {}, (fields) => ({ ...fields, status: 'enabled' })),
  };
}

function named<T>(
  section: Readonly<Record<string, T>>,
  shape: (fields: T) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(section).map(([name, fields]) => [`${name}@file`, shape(fields)]));
}
