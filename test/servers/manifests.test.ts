// Every manifest that we hand out, as the real API server judges it: server-side apply with strict fields, without keeping anything.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { connectKube, type KubeApi } from './kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from './kube.ts';
import { suiteTitle } from './origins.ts';

const root = new URL('../../', import.meta.url).pathname;
const availability = kubeAvailable();

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The objects of Kubernetes in a file: those documents that say what they are. */
function objectsIn(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(root, file), 'utf8'))
    .map((document) => document.toJS() as Partial<Manifest> | null)
    .filter((object): object is Manifest => object?.apiVersion !== undefined && object.kind !== undefined);
}

const files = ['deploy', 'registry'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/u.test(name))
    .map((name) => `${folder}/${name}`),
);
const manifests = files.flatMap((file) => objectsIn(file).map((object) => ({ file, object })));

describe.skipIf(!availability.available)(suiteTitle('the manifests', availability), () => {
  let server: KubeServer;
  let kube: KubeApi;
  beforeAll(async () => {
    server = await startKube();
    kube = await connectKube(server.kubeconfig);
  });
  afterAll(() => server.stop());

  /** The path of an object, as the server's own list of resources gives it. */
  async function pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const listed = await kube.call('GET', group);
    const { resources } = JSON.parse(listed.text) as {
      resources: readonly { name: string; kind: string; namespaced: boolean }[];
    };
    const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
    if (resource === undefined) throw new Error(`${apiVersion} ${kind}: the API server knows no such kind`);
    const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${group}${within}/${resource.name}/${metadata.name}`;
  }

  it('are those of deploy/ and of registry/', () => {
    for (const file of ['deploy/rbac.yaml', 'deploy/kubernetes.yaml', 'registry/cluster-info.yaml'])
      expect(manifests.map((one) => one.file)).toContain(file);
  });

  it.each(manifests.map(({ file, object }) => [file, object.kind, object.metadata.name, object] as const))(
    '%s: the API server takes %s %s, every field of it',
    async (_file, _kind, _name, object) => {
      const query = 'dryRun=All&fieldManager=test&force=true&fieldValidation=Strict';
      const answer = await kube.call('PATCH', `${await pathOf(object)}?${query}`, {
        patch: 'apply',
        body: object,
      });
      expect([200, 201], answer.text).toContain(answer.status);
    },
  );

  it('a manifest with a field that does not exist is refused: the check can fail', async () => {
    const deployment = manifests.find(({ object }) => object.kind === 'Deployment')?.object;
    if (deployment === undefined) throw new Error('no Deployment');
    const body = { ...deployment, spec: { ...(deployment as { spec?: object }).spec, replica: 1 } };
    const query = 'dryRun=All&fieldManager=test&force=true&fieldValidation=Strict';
    const answer = await kube.call('PATCH', `${await pathOf(deployment)}?${query}`, { patch: 'apply', body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});
