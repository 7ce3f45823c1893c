import type { RawObject, RegistryObject, Snapshot } from '../../src/model/snapshot.ts';
import { parseRegistries } from '../../src/registry/parse.ts';

/** Registry contents by data key; what is not given has the common value. A string is taken as the text itself. */
export interface Contents {
  readonly services?: unknown;
  readonly registry?: unknown;
  readonly domains?: unknown;
  readonly routing?: unknown;
  readonly info?: Readonly<Record<string, string>>;
}

export const laptop = { ip: '100.86.112.112', name: 'vinay-laptop', ssh_user: 'vinay' };
export const vps = { ip: '100.68.225.92', name: 'contabo-vps', ssh_user: 'sammy' };

/** A good entry of services.json. */
export function service(
  subdomain: string,
  last: number,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    subdomain,
    namespace: 'apps',
    service: subdomain,
    ip: `100.76.150.${String(last)}`,
    port: 80,
    public: true,
    ...more,
  };
}

/** The four objects. */
export function objectsOf(contents: Contents): Map<RegistryObject, RawObject> {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const put = (name: RegistryObject, data: Readonly<Record<string, string>>): [RegistryObject, RawObject] => [
    name,
    { name, uid: name, resourceVersion: '1', data, annotations: {} },
  ];
  return new Map([
    put('service-registry', { 'services.json': text(contents.services ?? {}) }),
    put('sync-controller-registry', {
      'registry.json': text(
        contents.registry ?? { management_laptops: [laptop], vps_nodes: [vps], worker_nodes: [] },
      ),
    }),
    put('domain-registry', {
      'domains.json': text(contents.domains ?? { domains: { 'curiios.com': {} }, vps_nodes: [] }),
      'routing.json': text(contents.routing ?? {}),
    }),
    put('cluster-info', contents.info ?? { 'cluster-domain': 'minicloud' }),
  ]);
}

/** The snapshot of such contents. */
export function snapshotOf(contents: Contents, lastGood?: Snapshot): Snapshot {
  return parseRegistries(objectsOf(contents), lastGood);
}

/** Findings as `severity path: message`. */
export function findingsOf(snapshot: Snapshot): readonly string[] {
  return snapshot.findings.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}
