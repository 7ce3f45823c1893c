import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { doctor, told, type DoctorFinding } from './doctor-rig.ts';
import { maps, startRbacRig, type RbacRig } from './rbac-rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;

describe.skipIf(!ready)(
  suiteTitle('what doctor finds of a real API server, and whether its commands mend it', kubeReady),
  () => {
    let world: RbacRig;
    beforeAll(async () => {
      world = await startRbacRig('status:\n  shardNodes: 2\nwatch:\n  pollMs: 1000\n');
      const pushed = await world.rig.syncctl(['push']);
      expect([pushed.code, pushed.stderr]).toEqual([0, expect.any(String)]);
    });
    afterAll(async () => {
      await world.stop();
    });

    const problems = async (): Promise<readonly DoctorFinding[]> =>
      (await doctor(world.rig)).problems.filter(
        ({ check }) => check === 'kubernetes' || check === 'registries',
      );
    const well = async (): Promise<void> => {
      expect(told(await problems())).toEqual([]);
    };

    // Each verb that the controller uses, on each kind of object; three nodes fill two status objects of two.
    it.each([
      ['service-registry', 'get'],
      ['domain-registry', 'list'],
      ['cluster-info', 'watch'],
      ['sync-controller-registry', 'patch'],
      ['sync-controller-term', 'update'],
      ['sync-controller-status-1', 'patch'],
      ['sync-controller-status-2', 'get'],
    ])(
      'the missing right on %s to %s alone is named, and deploy/rbac.yaml gives it back',
      async (name, verb) => {
        await world.trim(name, [verb]);
        const found = (await problems()).filter(({ check }) => check === 'kubernetes');
        expect(found).toEqual([
          {
            check: 'kubernetes',
            level: 'error',
            subject: name,
            message: `the right to ${verb} configmaps ${name} is missing`,
            remedy: 'kubectl apply -f deploy/rbac.yaml',
          },
        ]);
        // What that command does: a server-side apply of the same file.
        await world.apply();
        await well();
      },
    );

    it('a verb that nothing of ours uses is no finding, nor a status object that is out of reach', async () => {
      await world.trim('service-registry', ['update']);
      await well();
      await world.apply();
      await world.trim('sync-controller-status-3', ['get', 'list', 'watch', 'update', 'patch']);
      await well();
      await world.apply();
    });

    it('a server that is down is named at once, nodes can be looked at all the same, and its return ends it', async () => {
      await world.kube.kill9();
      const { code, problems: all } = await doctor(world.rig);
      expect(code).toBe(1);
      const found = all.filter(({ check }) => check === 'kubernetes');
      expect(found).toMatchObject([
        { level: 'error', message: expect.stringMatching(/^does not answer: .*ECONNREFUSED/u) },
      ]);
      // No K3s on this machine: to restart it would mend nothing.
      expect(found[0]?.remedy).toMatch(/^(?:kubectl cluster-info; |sudo systemctl restart k3s)/u);
      expect(all.find(({ check }) => check === 'registries')).toMatchObject({
        level: 'error',
        remedy: expect.stringContaining('kubectl get --raw /readyz'),
      });
      expect((await doctor(world.rig, ['laptop'])).problems).toEqual([]);
      await world.kube.restart();
      await well();
    });

    it('a login that the server refuses, and a certificate that is not its own, are told from a server that is down', async () => {
      const file = join(world.rig.folder, 'kubeconfig');
      const text = readFileSync(file, 'utf8');
      const kubernetes = async (): Promise<readonly DoctorFinding[]> =>
        (await problems()).filter(({ check }) => check === 'kubernetes');
      writeFileSync(file, text.replace(/token: .*/u, 'token: expired'));
      expect(await kubernetes()).toMatchObject([
        {
          message: expect.stringMatching(/^refuses our login: .*401/u),
          remedy: expect.stringMatching(/^renew the login in the kubeconfig/u),
        },
      ]);
      writeFileSync(file, text.replace(/certificate-authority-data: .*/u, ''));
      expect(await kubernetes()).toMatchObject([
        {
          message: expect.stringContaining('certificate'),
          remedy: expect.stringMatching(/^kubectl cluster-info; /u),
        },
      ]);
      writeFileSync(file, text.replace(/current-context: .*/u, 'current-context: nowhere'));
      expect(await kubernetes()).toMatchObject([
        { message: expect.stringContaining('"nowhere"'), remedy: expect.stringContaining('--context') },
      ]);
      writeFileSync(file, text);
      await well();
    });

    it('a registry that is gone, and one that somebody paused: the printed command takes the pause away', async () => {
      const path = `${maps}/service-registry`;
      const { data } = (await world.admin.call('GET', path)).body as { data: object };
      await world.admin.call('DELETE', path);
      expect(await problems()).toMatchObject([
        { check: 'registries', message: 'holds an entry that is set aside', remedy: 'syncctl validate' },
      ]);
      expect((await world.rig.syncctl(['validate'])).stdout).toContain(
        'kubectl -n kube-system get configmap service-registry',
      );
      await world.admin.call('POST', maps, { body: { metadata: { name: 'service-registry' }, data } });
      await well();

      const annotate = (value: string | null) =>
        world.admin.call('PATCH', path, {
          patch: 'merge',
          body: { metadata: { annotations: { 'sync-controller/paused': value } } },
        });
      await annotate('true');
      expect(await problems()).toMatchObject([
        {
          message: 'is paused by its annotation',
          remedy: 'kubectl -n kube-system annotate configmap service-registry sync-controller/paused-',
        },
      ]);
      await annotate(null);
      await well();
    });
  },
);
