// Registries in which everything that may be sealed is: what is in them must be seen on the nodes and nowhere else.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../../src/lib/random.ts';
import { expect } from 'vitest';
import type { Rig } from './rig.ts';

const random = (): string => systemRandom.hex(6);

/** What nobody may see, by where it stands. */
export const secrets = {
  subdomain: `sub${random()}`,
  ip: `10.${String(100 + Number(`0x${systemRandom.hex(1)}`) / 2).slice(0, 3)}.213.197`,
  kubernetes: `ns${random()}`,
  clusterDomain: `cd${random()}`,
  publicDomain: `pd${random()}.example.org`,
  routed: `rt${random()}.example.net`,
  description: `words ${random()} "quoted"`,
  publicIp: '45.213.197.201',
  controlPlane: '100.213.197.7',
  repoPath: `/opt/rp${random()}`,
};
/** Values that can be opened and are refused by a grammar: a refusal quotes what it has got. */
const wrong = { subdomain: `Not A Label ${random()}`, ip: `no-address-${random()}` };
const forms = [...Object.values(secrets), ...Object.values(wrong)].map((text) =>
  text.replaceAll(' "quoted"', ''),
);

type Objects = Readonly<Record<string, Record<string, string>>>;

/** The secrets that stand in a text. */
export function shownIn(text: string): readonly string[] {
  const lower = text.toLowerCase();
  return forms.filter((secret) => lower.includes(secret.toLowerCase()));
}

/** Makes an identity and puts it into the settings. @returns its file. */
export async function makeIdentity(rig: Rig, addSettings: (text: string) => void): Promise<string> {
  const identity = join(rig.folder, 'secrets.age');
  const made = await rig.syncctl(['secret', 'keygen', identity]);
  expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^age1\w{58}\n$/u)]);
  addSettings(`secrets:\n  identity: [${identity}]\n`);
  return identity;
}

/** Seals one value as an admin does. */
export async function seal(rig: Rig, plain: string): Promise<string> {
  const { code, stdout, stderr } = await rig.syncctl(['secret', 'encrypt'], { stdin: `${plain}\n` });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.trim();
}

/** The registries with everything sealed that may be; with `broken` an entry more, whose values are refused. */
export async function sealed(
  rig: Rig,
  objects: Objects,
  how: { readonly broken: boolean } = { broken: false },
): Promise<Objects> {
  const all = await sealedValues(rig, secrets);
  const user = await seal(rig, rig.node(0).user);
  const vps = rig.node(0).address;
  const text = (object: string, key: string, change: (value: never) => unknown): string =>
    JSON.stringify(change(JSON.parse(objects[object]?.[key] ?? 'null') as never), null, 2);
  const entries = how.broken
    ? { wrong: { ...(await sealedValues(rig, wrong)), port: 80, public: true } }
    : {};
  return {
    'service-registry': {
      'services.json': text('service-registry', 'services.json', (value: { demo: object }) => ({
        ...value,
        ...entries,
        demo: {
          ...value.demo,
          ...{ subdomain: all.subdomain, ip: all.ip, namespace: all.kubernetes, service: all.kubernetes },
        },
      })),
    },
    'sync-controller-registry': {
      'registry.json': text(
        'sync-controller-registry',
        'registry.json',
        (value: { vps_nodes: { sync_controller: object }[] }) => ({
          ...value,
          vps_nodes: value.vps_nodes.map((row) => ({
            ...row,
            ssh_user: user,
            repo_path: all.repoPath,
            sync_controller: { ...row.sync_controller, public_domain: all.publicDomain },
          })),
        }),
      ),
    },
    'domain-registry': {
      'domains.json': text('domain-registry', 'domains.json', (value: object) => ({
        ...value,
        domains: { 'example.org': { description: all.description, registered: '', status: 'active' } },
        vps_nodes: [{ tailscale_ip: vps, public_ip: all.publicIp, location: all.description }],
      })),
      'routing.json': JSON.stringify({
        demo: { domains: [all.routed, 'example.org'], vps_nodes: [vps], strategy: 'geo' },
      }),
    },
    'cluster-info': {
      ...objects['cluster-info'],
      'cluster-domain': all.clusterDomain,
      'public-domain': all.publicDomain,
      'control-plane-ip': all.controlPlane,
    },
  };
}

/** Writes registries as the folder of a directory source holds them. */
export function writeObjects(rig: Rig, objects: Objects): void {
  for (const [name, data] of Object.entries(objects)) {
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'kube-system' },
      data,
    };
    writeFileSync(join(rig.registry, `${name}.json`), JSON.stringify(manifest, null, 2));
  }
}

async function sealedValues<K extends string>(
  rig: Rig,
  values: Readonly<Record<K, string>>,
): Promise<Record<K, string>> {
  const entries: [string, string][] = [];
  for (const [name, plain] of Object.entries<string>(values)) entries.push([name, await seal(rig, plain)]);
  return Object.fromEntries(entries) as Record<K, string>;
}
