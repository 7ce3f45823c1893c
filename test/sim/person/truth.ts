/** A service as the admin means it. */
export interface ServiceTruth {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly public: boolean;
}

/** A row as the admin means it. */
export interface RowTruth {
  readonly type: 'management_laptops' | 'vps_nodes' | 'worker_nodes';
  readonly address: string;
  readonly name: string;
  readonly pins: readonly string[];
}

/** Under which id a row's node is known. */
export const idOf = (row: Pick<RowTruth, 'type' | 'address'>): string => `${row.type}@${row.address}`;

/** What the registries meant at one moment, in the words of their readers. */
export interface Revision {
  readonly number: number;
  readonly atMs: number;
  /** Host name inside the cluster -> address. */
  readonly internal: ReadonlyMap<string, string>;
  /** Host name outside -> backend. */
  readonly external: ReadonlyMap<string, string>;
  /** Services whose entry is bad in this revision: an earlier version of them stays. */
  readonly wild: ReadonlySet<string>;
  /** It removes so much that nobody may obey it before a person has approved. */
  readonly mass: boolean;
}

export const clusterDomain = 'minicloud';
export const publicDomain = 'example.org';

/** The name under which every revision tells its number: an address that counts. */
export const marker = 'rev';

export function markerAddress(revision: number): string {
  return `10.77.${String(revision >> 8)}.${String(revision & 255)}`;
}

/** The revision that an address of the marker names. */
export function revisionOf(address: string): number | undefined {
  const [, high, low] = /^10\.77\.(\d+)\.(\d+)$/u.exec(address) ?? [];
  return high === undefined || low === undefined ? undefined : Number(high) * 256 + Number(low);
}

export const internalName = (service: string): string => `${service}.${clusterDomain}.local`;
export const externalName = (service: string): string => `${service}.${publicDomain}`;
const backend = (service: ServiceTruth): string => `http://${service.ip}:${String(service.port)}`;

/** The admin's picture of what should be. */
export class Truth {
  readonly services = new Map<string, ServiceTruth>();
  /** Rows by the id of their node. */
  readonly rows = new Map<string, RowTruth>();
  readonly revisions: Revision[] = [];

  get newest(): Revision | undefined {
    return this.revisions.at(-1);
  }

  /** Notes what the services mean from now on. The marker counts up with it. */
  revise(atMs: number, wild: ReadonlySet<string> = new Set()): Revision {
    const number = (this.revisions.at(-1)?.number ?? 0) + 1;
    this.services.set(marker, { name: marker, ip: markerAddress(number), port: 8000, public: true });
    const all = [...this.services.values()];
    return this.note({
      number,
      atMs,
      internal: new Map(all.map((service) => [internalName(service.name), service.ip])),
      external: new Map(
        all
          .filter((service) => service.public)
          .map((service) => [externalName(service.name), backend(service)]),
      ),
      wild,
      mass: false,
    });
  }

  /** The registry was emptied at a stroke. */
  empty(atMs: number): Revision {
    const number = (this.revisions.at(-1)?.number ?? 0) + 1;
    return this.note({ number, atMs, internal: new Map(), external: new Map(), wild: new Set(), mass: true });
  }

  /** The text of `services.json`; `bad` replaces the entries of services whose entry is broken. */
  servicesText(bad: Readonly<Record<string, unknown>> = {}): string {
    const entries = [...this.services.values()].map((service) => [
      service.name,
      bad[service.name] ?? entryOf(service),
    ]);
    const more = Object.entries(bad).filter(([name]) => !this.services.has(name));
    return `${JSON.stringify(Object.fromEntries([...entries, ...more]), null, 2)}\n`;
  }

  private note(revision: Revision): Revision {
    this.revisions.push(revision);
    return revision;
  }
}

function entryOf(service: ServiceTruth): object {
  return {
    subdomain: service.name,
    namespace: 'apps',
    service: service.name,
    ip: service.ip,
    port: service.port,
    public: service.public,
    updated: '2025-11-08T05:16:58Z',
  };
}
