import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKube } from './kube-api.ts';
import type { KubeApi, WatchEvent } from './kube-api.ts';
import { kubeAvailable, startKube } from './kube.ts';
import type { KubeServer } from './kube.ts';
import { suiteTitle } from './origins.ts';

const availability = kubeAvailable();
const lent = (process.env['SYNC_TEST_KUBECONFIG'] ?? '') !== '';

describe.skipIf(!availability.available)(suiteTitle('a real kube-apiserver', availability), () => {
  let server: KubeServer;
  let kube: KubeApi;
  let namespace: string;
  let maps: string;

  beforeAll(async () => {
    server = await startKube();
    kube = await connectKube(server.kubeconfig);
    namespace = await kube.namespace('servers');
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
  });
  afterAll(async () => {
    await kube.tidy();
    await server.stop();
  });

  const create = async (name: string, data: Readonly<Record<string, string>>, labels = {}) => {
    const made = await kube.call('POST', maps, { body: { metadata: { name, labels }, data } });
    expect(made.status, made.text).toBe(201);
    return made.body.metadata.resourceVersion as string;
  };

  it('streams the creation, the patch and the removal of a ConfigMap to a watch', async () => {
    const list = await kube.call('GET', maps);
    const from = list.body.metadata.resourceVersion as string;
    const events = kube.watch(`${maps}?resourceVersion=${from}&fieldSelector=metadata.name%3Dwatched`);

    await create('watched', { key: 'one' });
    await kube.call('PATCH', `${maps}/watched`, { patch: 'merge', body: { data: { key: 'two' } } });
    await kube.call('DELETE', `${maps}/watched`);

    const seen: WatchEvent[] = [];
    for await (const event of events) if (seen.push(event) === 3) break;
    expect(seen.map(({ type, object }): unknown[] => [type, object.data.key])).toEqual([
      ['ADDED', 'one'],
      ['MODIFIED', 'two'],
      ['DELETED', 'two'],
    ]);
  });

  it('tells a watch by a bookmark how far it is when only other objects have changed', async () => {
    const { body } = await kube.call('GET', maps);
    const from = body.metadata.resourceVersion as string;
    const elsewhere = `/api/v1/namespaces/${await kube.namespace('elsewhere')}/configmaps`;
    await create('near', {});
    // The server sends one two seconds before the watch times out, and else each minute.
    const query = 'allowWatchBookmarks=true&timeoutSeconds=5';
    let far = 0;
    let reached = 0;
    for await (const { type, object } of kube.watch(`${maps}?resourceVersion=${from}&${query}`)) {
      if (type === 'BOOKMARK') reached = Number(object.metadata.resourceVersion);
      if (type !== 'ADDED') continue;
      const other = await kube.call('POST', elsewhere, { body: { metadata: { name: 'far' } } });
      far = Number(other.body.metadata.resourceVersion);
    }
    expect(far).toBeGreaterThan(0);
    expect(reached).toBeGreaterThanOrEqual(far);
  });

  it('answers 409 to a write on a resourceVersion that is no longer the newest', async () => {
    const resourceVersion = await create('contested', { by: 'nobody' });
    const write = (by: string) =>
      kube.call('PUT', `${maps}/contested`, {
        body: { metadata: { name: 'contested', resourceVersion }, data: { by } },
      });
    expect((await write('first')).status).toBe(200);
    expect((await write('second')).status).toBe(409);
    expect((await kube.call('GET', `${maps}/contested`)).body.data).toEqual({ by: 'first' });
  });

  it('checks a dry run in full and stores nothing', async () => {
    const tried = await kube.call('POST', `${maps}?dryRun=All`, { body: { metadata: { name: 'tried' } } });
    expect(tried.status).toBe(201);
    const refused = await kube.call('POST', `${maps}?dryRun=All`, {
      body: { metadata: { name: 'No_Name' } },
    });
    expect(refused.status).toBe(422);
    expect((await kube.call('GET', `${maps}/tried`)).status).toBe(404);
  });

  it('knows who applied a field and refuses it to another applier', async () => {
    const apply = (manager: string, value: string) =>
      kube.call('PATCH', `${maps}/applied?fieldManager=${manager}`, {
        patch: 'apply',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { key: value } },
      });
    expect((await apply('one', 'a')).status).toBe(201);
    const refused = await apply('two', 'b');
    expect(refused.status).toBe(409);
    expect(refused.body.message).toContain('conflict with "one"');
  });

  it('grants a token of the TokenRequest API what its role says and refuses the rest', async () => {
    await create('readable', { key: 'value' });
    const bare = kube.as(await kube.token(namespace, 'reader'));
    expect((await bare.call('GET', `${maps}/readable`)).status).toBe(403);

    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
    await kube.call('POST', `${rbac}/roles`, { body: { metadata: { name: 'reads' }, rules } });
    const bound = await kube.call('POST', `${rbac}/rolebindings`, {
      body: {
        metadata: { name: 'reads' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
      },
    });
    expect(bound.status).toBe(201);

    const may = async (verb: string): Promise<unknown> => {
      const review = { spec: { resourceAttributes: { namespace, verb, resource: 'configmaps' } } };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      return (await bare.call('POST', path, { body: review })).body.status.allowed;
    };
    await expect.poll(() => may('get'), { timeout: 20_000 }).toBe(true);
    expect(await may('patch')).toBe(false);
    expect((await bare.call('GET', `${maps}/readable`)).body.data).toEqual({ key: 'value' });
    const patched = await bare.call('PATCH', `${maps}/readable`, {
      patch: 'merge',
      body: { data: { key: 'x' } },
    });
    expect(patched.status).toBe(403);
    expect((await kube.as('no-token').call('GET', maps)).status).toBe(401);
  });

  it('keeps the address of a LoadBalancer service and serves Leases and Events', async () => {
    const services = `/api/v1/namespaces/${namespace}/services`;
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    await kube.call('POST', services, { body: { metadata: { name: 'web' }, spec } });
    const status = { loadBalancer: { ingress: [{ ip: '100.64.0.9' }] } };
    const set = await kube.call('PATCH', `${services}/web/status`, { patch: 'merge', body: { status } });
    expect(set.body.status).toMatchObject(status);

    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const lease = { metadata: { name: 'lead' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } };
    expect((await kube.call('POST', leases, { body: lease })).status).toBe(201);
    const involvedObject = { kind: 'ConfigMap', namespace, name: 'x' };
    const event = {
      metadata: { name: 'said' },
      involvedObject,
      reason: 'Said',
      message: 'm',
      type: 'Normal',
    };
    expect((await kube.call('POST', `/api/v1/namespaces/${namespace}/events`, { body: event })).status).toBe(
      201,
    );
  });

  it('asks a validating webhook before it accepts an object', async () => {
    const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    const webhook = {
      name: 'gate.sync-controller.test',
      clientConfig: { url: 'https://127.0.0.1:9/' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      objectSelector: { matchLabels: { gated: namespace } },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 2,
    };
    const name = `gate-${namespace}`;
    const made = await kube.call('POST', hooks, { body: { metadata: { name }, webhooks: [webhook] } });
    expect(made.status, made.text).toBe(201);
    try {
      const path = `${maps}?dryRun=All`;
      const gated = { metadata: { name: 'gated', labels: { gated: namespace } } };
      const message = async (): Promise<string> => (await kube.call('POST', path, { body: gated })).text;
      await expect.poll(message, { timeout: 20_000 }).toContain('failed calling webhook');
    } finally {
      await kube.call('DELETE', `${hooks}/${name}`);
    }
  });

  // A cluster that SYNC_TEST_KUBECONFIG lends is not ours to stop.
  describe.skipIf(lent)(lent ? 'of its own [skipped: the cluster is lent]' : 'of its own', () => {
    it('holds every connection open and silent while frozen', async () => {
      server.freeze();
      const answer = kube.call('GET', '/readyz');
      const first = await Promise.race([
        answer.then(() => 'answered'),
        new Promise((resolve) => setTimeout(resolve, 300, 'silent')),
      ]);
      server.thaw();
      expect(first).toBe('silent');
      expect((await answer).status).toBe(200);
    });

    it('has the same data, address, keys and tokens after kill -9 and restart', async () => {
      await create('kept', { key: 'value' });
      const token = await kube.token(namespace, 'keeper');
      const before = await kube.call('GET', `${maps}/kept`);
      await server.kill9();
      await expect(kube.call('GET', maps)).rejects.toThrow(/ECONNREFUSED/);
      await server.restart();
      expect((await kube.call('GET', `${maps}/kept`)).body).toEqual(before.body);
      const who = await kube.as(token).call('GET', `${maps}/kept`);
      expect(who.body.message).toContain(`system:serviceaccount:${namespace}:keeper`);
    });

    it('answers 410 to a watch from a revision that its store has compacted', async () => {
      const old = await create('old', {});
      const newest = await create('newest', {});
      const compact = await fetch(`${server.etcdUrl ?? ''}/v3/kv/compaction`, {
        method: 'POST',
        body: JSON.stringify({ revision: newest, physical: true }),
      });
      expect(compact.status).toBe(200);
      await server.restart();
      const first = await kube.watch(`${maps}?resourceVersion=${old}`).next();
      expect(first.value).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    });
  });
});
