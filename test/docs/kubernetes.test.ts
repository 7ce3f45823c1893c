import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { settingsSchema } from '../../src/config/schema.ts';
import { root } from './titles.ts';

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
}
interface Pod {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: { readonly 'config.yaml': string };
  readonly spec: {
    readonly replicas: number;
    readonly strategy: unknown;
    readonly template: { readonly spec: Pod };
  };
}

const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8');
const objects = (name: string): readonly Manifest[] =>
  parseAllDocuments(read(name)).map((document) => document.toJS() as Manifest);
const one = (kind: string): Manifest => {
  const found = objects('kubernetes.yaml').find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} in deploy/kubernetes.yaml`);
  return found;
};
const { spec } = one('Deployment');
const pod = spec.template.spec;
const [container] = pod.containers;
const settings = settingsSchema.parse(parse(one('ConfigMap').data['config.yaml']));
const image = read('Containerfile');

describe('deploy/kubernetes.yaml', () => {
  it('never has two controllers at once', () => {
    expect([spec.replicas, spec.strategy]).toEqual([1, { type: 'Recreate' }]);
  });

  it('runs as the account to which deploy/rbac.yaml gives its rights, where the registries are', () => {
    const account = objects('rbac.yaml').find(({ kind }) => kind === 'ServiceAccount');
    expect(account?.metadata).toMatchObject({ name: pod.serviceAccountName, namespace: 'kube-system' });
    expect(objects('kubernetes.yaml').map(({ metadata }) => metadata.namespace)).toEqual([
      'kube-system',
      'kube-system',
      'kube-system',
    ]);
  });

  it('is asked by the kubelet on the port that its settings open, for paths that need no token', () => {
    expect(container.ports).toEqual([
      { name: 'api', containerPort: Number(settings.api.listen.split(':').at(-1)) },
    ]);
    expect([container.livenessProbe.httpGet, container.readinessProbe.httpGet]).toEqual([
      { path: '/livez', port: 'api' },
      { path: '/readyz', port: 'api' },
    ]);
    expect(settings.api.listen).not.toMatch(/^(?:127|localhost)/u);
  });

  it('runs without root, capabilities or a writable root, as the user whom the image makes', () => {
    const [, uid] = /--uid (\d+)/u.exec(image) ?? [];
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: Number(uid),
      fsGroup: Number(uid),
    });
    expect(image).toContain(`USER ${uid ?? ''}:${uid ?? ''}`);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('keeps its state over restarts, and has somewhere to write wherever the image says that it writes', () => {
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(
      pod.volumes.map(({ name }) => name).sort(),
    );
    const writable = [...image.matchAll(/(?:STATE|RUNTIME)_DIRECTORY=(\S+)/gu)].map(([, path]) => path);
    expect(writable).toHaveLength(2);
    for (const path of writable)
      expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toContain(path);
  });

  it('finds its key where the secret is mounted', () => {
    const mounted = container.volumeMounts.find(({ name }) => name === 'ssh')?.mountPath ?? '';
    expect(settings.ssh.identity).toEqual([`${mounted}/id_ed25519`]);
  });

  it('gives the daemon longer to stop than it takes', () => {
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(settings.daemon.stopMs);
  });

  it('names the image of this version', () => {
    const { version } = parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(container.image).toBe(`sync-controller:${version}`);
    expect(image).toContain(`--tag sync-controller:${version} `);
  });
});
