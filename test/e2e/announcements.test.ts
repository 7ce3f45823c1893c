import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { manifests, maps, pathOf, startRbacRig, type RbacRig } from './rbac-rig.ts';
import { until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
const registries = [
  'service-registry',
  'sync-controller-registry',
  'domain-registry',
  'cluster-info',
] as const;
const annotation = 'sync-controller/applied-revision';

interface Told {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly reportingController: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
}
interface ConfigMap {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data: Readonly<Record<string, string>>;
}

describe.skipIf(!ready)(
  suiteTitle('what is written beside the registries of a real API server', kubeReady),
  () => {
    let world: RbacRig;
    let daemon: Daemon;

    beforeAll(async () => {
      world = await startRbacRig('status:\n  flushMs: 500\nwatch:\n  pollMs: 1000\n');
      daemon = world.rig.daemon();
    });
    afterAll(async () => {
      await world.stop();
    });

    const object = async (name: string): Promise<ConfigMap> =>
      (await world.admin.call('GET', `${maps}/${name}`)).body as ConfigMap;
    const applied = async (name: string): Promise<string | undefined> =>
      (await object(name)).metadata.annotations?.[annotation];
    const events = async (name: string, reason: string): Promise<readonly Told[]> => {
      const { body } = await world.admin.call('GET', '/apis/events.k8s.io/v1/namespaces/kube-system/events');
      return (body as { items: Told[] }).items.filter(
        (one) => one.regarding.name === name && one.reason === reason,
      );
    };
    const everywhere = async (revision: string): Promise<void> => {
      for (const name of registries)
        await until(`${name} says ${revision}`, async () => (await applied(name)) === revision);
    };
    const save = async (services: object): Promise<void> => {
      const body = { data: { 'services.json': JSON.stringify(services, null, 2) } };
      expect(
        (await world.admin.call('PATCH', `${maps}/service-registry`, { patch: 'merge', body })).status,
      ).toBe(200);
    };
    const services = async (): Promise<Record<string, object>> =>
      JSON.parse((await object('service-registry')).data['services.json'] ?? '') as Record<string, object>;
    const service = (name: string, n: number) => ({
      subdomain: name,
      ip: `100.76.150.${String(n)}`,
      port: 80,
    });
    const restart = async (): Promise<void> => {
      await daemon.stop();
      daemon = world.rig.daemon();
      await until('it has started', () => daemon.said().includes('started'));
    };

    it('the first revision is told and noted on every registry once it is live', async () => {
      await world.everywhere('demo');
      await everywhere('R1');
      await until('it is told', async () => (await events('cluster-info', 'Applied')).length === 1);
      const [told] = await events('service-registry', 'Applied');
      expect(told).toMatchObject({
        type: 'Normal',
        note: 'R1 is live on 3 nodes',
        reportingController: 'sync-controller',
        regarding: { kind: 'ConfigMap', uid: (await object('service-registry')).metadata.uid },
      });
    });

    it('an edit is told on the registry that it changed, noted on all, and looks to nobody like another edit', async () => {
      const before = await object('domain-registry');
      await world.add('fresh');
      await everywhere('R2');
      await until('it is told', async () => (await events('service-registry', 'Applied')).length === 2);
      expect(await events('domain-registry', 'Applied')).toHaveLength(1);
      expect((await object('domain-registry')).data).toEqual(before.data);
      const history = JSON.parse((await world.rig.syncctl(['history', '-o', 'json'])).stdout) as {
        revisions: unknown[];
      };
      expect(history.revisions).toHaveLength(2);
      expect(daemon.said().match(/registry changed/gu)).toHaveLength(1);
    });

    it('a restart writes nothing that is there already', async () => {
      await restart();
      await until('the nodes are verified', async () => {
        const { stdout } = await world.rig.syncctl(['status', '-o', 'json']);
        const { nodes } = JSON.parse(stdout) as { nodes: { verified: boolean }[] };
        return nodes.length === 3 && nodes.every(({ verified }) => verified);
      });
      await world.add('after');
      await everywhere('R3');
      // Everything that was to be told about the restart comes before what is told about the edit.
      await until('the edit is told', async () => (await events('service-registry', 'Applied')).length === 3);
      expect(await events('cluster-info', 'Applied')).toHaveLength(1);
    });

    it('an entry that is set aside is told with its path, and so is a removal that is withheld', async () => {
      const good = await services();
      await save({ ...good, wrong: { ...service('wrong', 9), port: 99_999 } });
      await until('it is told', async () => (await events('service-registry', 'Quarantined')).length > 0);
      expect((await events('service-registry', 'Quarantined'))[0]).toMatchObject({
        type: 'Warning',
        note: expect.stringMatching(
          /^service-registry\/services\.json\/wrong\/port: expected .*99999/u,
        ) as unknown,
      });
      const many = Object.fromEntries(
        [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`s${String(n)}`, service(`s${String(n)}`, n)]),
      );
      await save({ ...good, ...many });
      await world.everywhere('s8');
      await save(good);
      await until(
        'the withheld removal is told',
        async () => (await events('service-registry', 'Withheld')).length > 0,
      );
      expect((await events('service-registry', 'Withheld'))[0]?.note).toMatch(
        /syncctl approve [0-9a-f]{12}$/u,
      );
      await save({ ...good, ...many });
    });

    it('no edit is lost to the annotation, however fast they follow each other', async () => {
      const base = await services();
      for (let n = 1; n <= 25; n += 1) await save({ ...base, quick: service('quick', n) });
      await world.everywhere('quick');
      expect((await services())['quick']).toEqual(service('quick', 25));
      const { stdout } = await world.rig.syncctl(['history', '--limit', '1', '-o', 'json']);
      const [newest] = (JSON.parse(stdout) as { revisions: { number: number }[] }).revisions;
      await everywhere(`R${String(newest?.number)}`);
      expect((await services())['quick']).toEqual(service('quick', 25));
    });

    it('without the rights it says so once, doctor names them, and edits reach the nodes', async () => {
      const role = manifests.find(({ kind }) => kind === 'Role');
      if (role === undefined) throw new Error('rbac: no Role');
      const rules = (role.rules ?? []).filter(({ verbs }) => verbs.length !== 2);
      expect(rules.length).toBe((role.rules ?? []).length - 1);
      await world.admin.call('PATCH', pathOf(role), {
        patch: 'merge',
        body: {
          rules: rules.map((rule) => ({
            ...rule,
            verbs: rule.resourceNames === undefined ? rule.verbs : ['get', 'list', 'watch', 'update'],
          })),
        },
      });
      await restart();
      await world.add('unseen');
      await world.everywhere('unseen');
      await until(
        'it says so',
        () => daemon.said().includes('announce.events') && daemon.said().includes('announce.annotation'),
      );
      await world.add('later');
      await world.everywhere('later');
      expect(daemon.said().match(/announce\.events/gu)).toHaveLength(1);
      expect(daemon.said().match(/announce\.annotation/gu)).toHaveLength(1);
      const doctor = await world.rig.syncctl(['doctor', '-o', 'json']);
      expect(doctor.stdout).toContain('the right to create events is missing');
      await world.apply();
    });
  },
);
