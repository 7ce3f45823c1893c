import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { manifests, maps, startRbacRig, type RbacRig } from './rbac-rig.ts';
import { until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
interface DoctorReport {
  readonly findings: readonly {
    check: string;
    level: string;
    subject: string;
    message: string;
    remedy: string | null;
  }[];
}

describe.skipIf(!ready)(
  suiteTitle('a controller with the rights of deploy/rbac.yaml and no other', kubeReady),
  () => {
    let world: RbacRig;
    let daemon: Daemon;
    beforeAll(async () => {
      // One node a status object, so that all of them are in use.
      world = await startRbacRig('status:\n  flushMs: 500\n  shardNodes: 1\nwatch:\n  pollMs: 1000\n');
    });
    afterAll(async () => {
      await world.stop();
    });

    const value = async (name: string, key: string): Promise<string> =>
      (await world.admin.call('GET', `${maps}/${name}`)).body.data[key] as string;
    const restart = async (): Promise<void> => {
      await daemon.stop();
      daemon = world.rig.daemon();
      await until('it has started', () => daemon.said().includes('started'));
    };
    const doctor = async (): Promise<DoctorReport['findings']> => {
      const report = JSON.parse((await world.rig.syncctl(['doctor', '-o', 'json'])).stdout) as DoctorReport;
      return report.findings.filter(({ check, level }) => check === 'kubernetes' && level !== 'ok');
    };

    it('the API server takes the manifests without a remark', async () => {
      expect((await world.apply('dryRun=All')).map(({ status }) => status)).toEqual(manifests.map(() => 200));
      expect(await doctor()).toEqual([]);
    });

    it('does the whole job: term, watch, push, statuses in the rows and in every status object', async () => {
      daemon = world.rig.daemon();
      await world.everywhere('demo');
      await world.add('fresh');
      await world.everywhere('fresh');
      await until(
        'the rows say active',
        async () =>
          (await value('sync-controller-registry', 'registry.json')).match(/"status": "active"/gu)?.length ===
          3,
      );
      expect((await world.admin.call('GET', `${maps}/sync-controller-term`)).status).toBe(200);
      const shards = async (): Promise<readonly string[]> =>
        Promise.all(
          [0, 1, 2].map(async (shard) =>
            JSON.stringify(
              (await world.admin.call('GET', `${maps}/sync-controller-status-${String(shard)}`)).body.data,
            ),
          ),
        );
      await until('the objects are written', async () =>
        (await shards()).every((text) => text.includes('active')),
      );
      // With every object in use a restart reads them all and goes on writing.
      await restart();
      const before = await shards();
      await world.add('again');
      await until('the objects are written anew', async () =>
        (await shards()).every((text, shard) => text.includes('active') && text !== before[shard]),
      );
      expect(daemon.said()).not.toContain('403');
    });

    it('service discover lists load balancers of all namespaces and writes what it found', async () => {
      const services = '/api/v1/namespaces/default/services';
      const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
      expect(
        (await world.admin.call('POST', services, { body: { metadata: { name: 'found' }, spec } })).status,
      ).toBe(201);
      await world.admin.call('PATCH', `${services}/found/status`, {
        patch: 'merge',
        body: { status: { loadBalancer: { ingress: [{ ip: '100.76.150.66' }] } } },
      });
      const ran = await world.rig.syncctl(['service', 'discover', '--yes']);
      expect([ran.code, ran.stderr]).toEqual([0, expect.any(String)]);
      await world.everywhere('found');
    });

    it('may read no secret, no other object and no list of objects, and may delete nothing', async () => {
      const other = `${maps}/extension-apiserver-authentication`;
      const tries: readonly (readonly [string, string])[] = [
        ['GET', '/api/v1/namespaces/kube-system/secrets'],
        ['GET', '/api/v1/secrets'],
        ['GET', other],
        ['PATCH', other],
        ['GET', maps],
        ['GET', '/api/v1/namespaces/default/configmaps'],
        ['DELETE', `${maps}/service-registry`],
        ['DELETE', `${maps}/sync-controller-status-0`],
        ['POST', '/api/v1/namespaces/default/configmaps'],
        ['GET', '/api/v1/nodes'],
        ['GET', '/api/v1/namespaces/kube-system/pods'],
        ['DELETE', maps],
        ['POST', '/api/v1/namespaces/kube-system/serviceaccounts/sync-controller/token'],
      ];
      for (const [method, path] of tries) {
        const answer = await world.account.call(
          method,
          path,
          method === 'GET' || method === 'DELETE'
            ? {}
            : { body: { metadata: { name: 'x' } }, patch: 'merge' },
        );
        expect([method, path, answer.status]).toEqual([method, path, 403]);
      }
    });

    it.each([
      { name: 'service-registry', verbs: ['watch'], missing: 'watch configmaps service-registry' },
      {
        name: 'sync-controller-registry',
        verbs: ['update', 'patch'],
        missing: 'patch configmaps sync-controller-registry',
      },
      {
        name: 'sync-controller-status-0',
        verbs: ['get'],
        missing: 'get configmaps sync-controller-status-0',
      },
    ])(
      'without the right to $missing, doctor names it with its remedy, edits still reach the nodes, and push says what it did',
      async ({ name, verbs, missing }) => {
        await world.trim(name, verbs);
        await restart();
        expect((await doctor())[0]).toMatchObject({
          subject: name,
          message: `the right to ${missing} is missing`,
          remedy: 'kubectl apply -f deploy/rbac.yaml',
        });
        await world.add(`without-${name}`);
        await world.everywhere(`without-${name}`);
        expect((await world.rig.syncctl(['push'])).code).toBe(0);
        if (!verbs.includes('watch'))
          expect(daemon.said()).toMatch(/\[⚠\].*403.*kubectl apply -f deploy\/rbac\.yaml/u);
        await world.apply();
      },
    );

    it('without the right to read a registry nothing changes on any node, and validate, status and doctor say which right', async () => {
      await world.trim('service-registry', ['get', 'list', 'watch']);
      await restart();
      const before = await world.rig.node(1).run('cat /etc/hosts');
      await world.add('unseen');
      const validate = await world.rig.syncctl(['validate']);
      expect([validate.code, validate.stderr]).toEqual([
        69,
        expect.stringMatching(/service-registry.*cannot get resource.*kubectl apply -f deploy\/rbac\.yaml/u),
      ]);
      expect((await world.rig.syncctl(['status'])).stdout).toMatch(
        /^Source state: +last-good: .*service-registry.*cannot get/mu,
      );
      expect((await doctor()).map(({ message }) => message)).toContain(
        'the right to get configmaps service-registry is missing',
      );
      expect((await world.rig.syncctl(['push'])).code).toBe(0);
      expect((await world.rig.node(1).run('cat /etc/hosts')).stdout).toBe(before.stdout);
      await world.apply();
      await world.everywhere('unseen');
    });

    it('without the right to write the term only what was installed is asserted again; with the right back, the edit goes out by itself', async () => {
      await world.trim('sync-controller-term', ['update', 'patch']);
      await restart();
      await world.add('held');
      await until('the nodes wait', async () =>
        (await world.rig.syncctl(['health', '-o', 'json'])).stdout.includes('waiting_retry'),
      );
      expect((await world.rig.syncctl(['status'])).stdout).toMatch(/^Standing: +reasserting/mu);
      expect((await world.rig.node(1).run('cat /etc/hosts')).stdout).not.toContain('held');
      expect((await doctor()).map(({ message }) => message)).toContain(
        'the right to update configmaps sync-controller-term is missing',
      );
      await world.apply();
      await world.everywhere('held');
    });

    it('without the cluster role discover alone is refused, in one sentence', async () => {
      await world.admin.call(
        'DELETE',
        '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/sync-controller-discover',
      );
      const ran = await world.rig.syncctl(['service', 'discover']);
      expect(ran.code).toBe(77);
      expect(ran.stderr).toMatch(
        /^\[✗\] .*cannot list resource "services".*kubectl apply -f deploy\/rbac\.yaml[^\n]*\n$/u,
      );
      await world.add('alone');
      await world.everywhere('alone');
    });
  },
);
