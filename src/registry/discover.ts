import { subdomainOf, type NameOrigin } from './discover-names.ts';
import { serviceAddress } from './grammar.ts';
import { fieldOf, isRow, type Row } from './quarantine.ts';
import type { LoadBalancer } from './source.ts';

/** One entry of `services.json` that discovery would write; `undefined` fields of `was` were absent. */
export type ServiceChange =
  | { readonly kind: 'add'; readonly name: string; readonly entry: Row }
  | { readonly kind: 'change'; readonly name: string; readonly fields: Row; readonly was: Row }
  | { readonly kind: 'remove'; readonly name: string; readonly was: Row };

/** What discovery found, and what it leaves alone with the reason. */
export interface Discovery {
  readonly changes: readonly ServiceChange[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export interface DiscoveryGround {
  /** `services.json` as it stands. */
  readonly rows: Row;
  readonly found: readonly LoadBalancer[];
  readonly clusterDomain: string | undefined;
  /** ISO time for the field `updated` of what changes. */
  readonly now: string;
}

/**
 * Compares the registry with the load balancers of the cluster. `public` is never touched, `updated` moves only with a change,
 * entries written by hand are never removed.
 */
export function discover(ground: DiscoveryGround): Discovery {
  return new Comparison(ground).run();
}

/** True for an entry that discovery wrote, ours or the predecessor's: that one named the entry as the Service and knew nothing of our mark. */
export function isDiscovered(name: string, entry: Row): boolean {
  const own = fieldOf(entry, 'sync_controller');
  if (isRow(own)) return fieldOf(own, 'discovered') === true;
  return (
    own === undefined && fieldOf(entry, 'service') === name && typeof fieldOf(entry, 'namespace') === 'string'
  );
}

const place = (namespace: unknown, service: unknown): string => `${String(namespace)}/${String(service)}`;

class Comparison {
  private readonly ground: DiscoveryGround;
  private readonly changes: ServiceChange[] = [];
  private readonly skipped: { name: string; reason: string }[] = [];
  private readonly taken: Set<string>;
  private readonly subdomains = new Map<string, string>();

  constructor(ground: DiscoveryGround) {
    this.ground = ground;
    this.taken = new Set(Object.keys(ground.rows));
    for (const [name, entry] of Object.entries(ground.rows))
      if (isRow(entry)) this.claim(name, fieldOf(entry, 'subdomain'));
  }

  run(): Discovery {
    const found = [...this.ground.found].sort((a, b) =>
      place(a.namespace, a.name) < place(b.namespace, b.name) ? -1 : 1,
    );
    for (const balancer of found) this.take(balancer);
    const alive = new Set(found.map(({ namespace, name }) => place(namespace, name)));
    for (const [name, entry] of Object.entries(this.ground.rows))
      if (isRow(entry)) this.findVanished(name, entry, alive);
    return { changes: this.changes, skipped: this.skipped };
  }

  private take(balancer: LoadBalancer): void {
    const named = subdomainOf(balancer, this.ground.clusterDomain);
    const where = place(balancer.namespace, balancer.name);
    const address = serviceAddress(balancer.ip);
    if (!named.ok)
      this.skipped.push({
        name: where,
        reason: `annotation ${named.annotation}: expected ${named.expected}, got ${JSON.stringify(named.value)}`,
      });
    else if (!address.ok)
      this.skipped.push({
        name: where,
        reason: `address: expected ${address.expected}, got ${JSON.stringify(balancer.ip)}`,
      });
    else {
      const known = this.known(balancer);
      if (known.length === 0) this.add(balancer, named);
      for (const [name, entry] of known) this.update(name, entry, { balancer, named });
    }
  }

  /** Entries of this very Service: by its coordinates, or by its name where an entry has none. */
  private known({ namespace, name }: LoadBalancer): readonly (readonly [string, Row])[] {
    const rows = Object.entries(this.ground.rows).filter((pair): pair is [string, Row] => isRow(pair[1]));
    const same = rows.filter(
      ([, entry]) => fieldOf(entry, 'namespace') === namespace && fieldOf(entry, 'service') === name,
    );
    if (same.length > 0) return same;
    return rows.filter(
      ([key, entry]) =>
        key === name && fieldOf(entry, 'namespace') === undefined && fieldOf(entry, 'service') === undefined,
    );
  }

  private add(balancer: LoadBalancer, named: { subdomain: string; origin: NameOrigin }): void {
    const { namespace, name: service, ip, port } = balancer;
    const name = this.taken.has(service) ? `${service}.${namespace}` : service;
    if (this.taken.has(name)) {
      this.skipped.push({
        name: place(namespace, service),
        reason: `the names ${service} and ${name} are taken by other entries`,
      });
      return;
    }
    const holder = this.subdomains.get(named.subdomain);
    // Two services on one name: the owner's word stands and is reported as a conflict; our guess makes way.
    const subdomain =
      named.origin === 'name' && holder !== undefined && holder !== name
        ? `${named.subdomain}-${namespace}`
        : named.subdomain;
    this.taken.add(name);
    this.claim(name, subdomain);
    this.changes.push({
      kind: 'add',
      name,
      entry: {
        subdomain,
        namespace,
        service,
        ip,
        port,
        public: false,
        updated: this.ground.now,
        sync_controller: { discovered: true },
      },
    });
  }

  private update(
    name: string,
    entry: Row,
    { balancer, named }: { balancer: LoadBalancer; named: { subdomain: string; origin: NameOrigin } },
  ): void {
    const fields: Record<string, unknown> = { ip: balancer.ip };
    if (isDiscovered(name, entry)) {
      fields['port'] = balancer.port;
      if (named.origin === 'annotation' || fieldOf(entry, 'subdomain') === undefined)
        fields['subdomain'] = named.subdomain;
    }
    const changed = Object.entries(fields).filter(([field, value]) => fieldOf(entry, field) !== value);
    if (changed.length === 0) return;
    const was = Object.fromEntries(changed.map(([field]) => [field, fieldOf(entry, field)]));
    this.changes.push({
      kind: 'change',
      name,
      fields: { ...Object.fromEntries(changed), updated: this.ground.now },
      was,
    });
  }

  private findVanished(name: string, entry: Row, alive: ReadonlySet<string>): void {
    const [namespace, service] = [fieldOf(entry, 'namespace'), fieldOf(entry, 'service')];
    if (typeof namespace !== 'string' || typeof service !== 'string' || alive.has(place(namespace, service)))
      return;
    if (isDiscovered(name, entry)) this.changes.push({ kind: 'remove', name, was: entry });
    else
      this.skipped.push({
        name,
        reason: `no load balancer ${place(namespace, service)} exists and the entry was written by hand; remove it with: syncctl service unregister ${name}`,
      });
  }

  private claim(name: string, subdomain: unknown): void {
    if (typeof subdomain === 'string' && !this.subdomains.has(subdomain))
      this.subdomains.set(subdomain, name);
  }
}
