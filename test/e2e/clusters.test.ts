import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import {
  begin,
  bothServers,
  brisk,
  kill,
  revive,
  service,
  startClusterRig,
  type ClusterRig,
} from './clusters-rig.ts';
import { until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
const many = { b1: '10.20.0.3', b2: '10.20.0.4', b3: '10.20.0.5', b4: '10.20.0.6', b5: '10.20.0.7' };

describe.skipIf(!ready)(
  suiteTitle('one controller over two API servers', kubeReady),
  { timeout: 300_000 },
  () => {
    let world: ClusterRig;
    let daemon: Daemon;
    const started = (): Promise<void> => until('it has started', () => daemon.said().includes('started'));

    beforeAll(async () => {
      world = await startClusterRig({
        sources: bothServers({ home: 5, east: 9 }),
        settings: brisk,
        services: { git: '10.20.0.2', demo: '10.20.0.1', ...many },
      });
      daemon = await begin(world, 'git.eastcloud.local', 'grafana.testcloud.local');
    }, 240_000);
    afterAll(async () => {
      await world.stop();
    });

    it('the greater priority wins a name, wherever it stands in the list, and the loser is told with what to do', async () => {
      expect(world.everywhere('10.20.0.1')).toBe(true);
      expect(world.nowhere('100.76.150.207')).toBe(true);
      const told = await world.rig.syncctl(['validate']);
      expect(told.stdout).toContain(
        'home:service-registry/services.json/demo: expected demo in one source, got it in east (priority 9) and home (priority 5); that of east counts; take it out of east or home',
      );
      await daemon.stop();
      daemon = world.rig.daemon();
      await started();
      expect(world.everywhere('10.20.0.1')).toBe(true);
    });

    it('a service moves from one cluster to the other by an edit, and back', async () => {
      await world.east.services(({ demo: _demo, ...others }) => others);
      await until('it is home’s', () => world.everywhere('100.76.150.207'));
      expect(world.nowhere('10.20.0.1')).toBe(true);
      expect((await world.rig.syncctl(['validate'])).stdout).not.toContain('services.json/demo');
      await world.east.services((all) => ({ ...all, demo: service('demo', '10.20.0.1') }));
      await until('it is east’s', () => world.everywhere('10.20.0.1') && world.nowhere('100.76.150.207'));
    });

    it('a node moves with its row, and its status is written where it stands now', async () => {
      const rows = async (
        of: ClusterRig['home'],
      ): Promise<Record<string, { name: string; status: string }[]>> =>
        JSON.parse(await of.value('sync-controller-registry', 'registry.json')) as never;
      const save = (of: ClusterRig['home'], value: object) =>
        of.save('sync-controller-registry', { 'registry.json': JSON.stringify(value, null, 2) });
      const [there, here] = [await rows(world.east), await rows(world.home)];
      const moved = (there['worker_nodes'] ?? []).map((row) => ({ ...row, status: 'pending_sync' }));
      await save(world.home, { ...here, worker_nodes: [...(here['worker_nodes'] ?? []), ...moved] });
      await save(world.east, { ...there, worker_nodes: [] });
      await until('it is home’s', async () =>
        (await world.status()).nodes.every((node) => node.source === 'home'),
      );
      await until('its row is active', async () =>
        ((await rows(world.home))['worker_nodes'] ?? []).every(({ status }) => status === 'active'),
      );
      expect((await world.status()).orphans).toEqual([]);
      expect((await rows(world.east))['worker_nodes']).toEqual([]);
      await save(world.east, there);
      await save(world.home, here);
      await until('each has its own', async () => {
        const owners = (await world.status()).nodes.map((node) => node.source);
        return owners.toSorted().join() === 'east,home';
      });
    });

    it('one that is killed keeps its share and is told, the other goes on, and it is taken up again when it is back', async () => {
      await kill(world, world.east);
      const { sources } = await world.status();
      expect(sources?.map(({ name, state }) => [name, state])).toEqual([
        ['home', 'fresh'],
        ['east', 'last-good'],
      ]);
      expect(sources?.[1]?.reason).toMatch(/\S/u);
      expect((await world.rig.syncctl(['health'])).stdout).toMatch(/east/u);
      expect(daemon.said()).toMatch(/the last good state stays[^\n]*east/u);
      await world.home.services((all) => ({ ...all, late: service('late', '10.30.0.1') }));
      await until('an edit of the living one arrives', () => world.everywhere('late.testcloud.local'));
      expect(world.everywhere('b3.eastcloud.local')).toBe(true);
      await revive(world, world.east);
      await world.east.services((all) => ({ ...all, back: service('back', '10.20.0.8') }));
      await until('its edits arrive again', () => world.everywhere('back.eastcloud.local'));
    });

    it('what empties one beyond the guard is held for it alone', async () => {
      const before = await world.east.value('service-registry', 'services.json');
      await world.east.save('service-registry', { 'services.json': '{}' });
      await until('it is held', async () => (await world.status()).held.length > 0);
      const { held } = await world.status();
      expect(held.map(({ reason }) => reason)).toEqual([expect.stringContaining('of the source east')]);
      await world.home.services(({ late: _late, ...others }) => ({
        ...others,
        other: service('other', '10.30.0.2'),
      }));
      await until(
        'additions and removals of the other flow',
        () => world.everywhere('other.testcloud.local') && world.nowhere('late.testcloud.local'),
      );
      expect(world.everywhere('b3.eastcloud.local')).toBe(true);
      await world.east.save('service-registry', { 'services.json': before });
      await until('nothing is held', async () => (await world.status()).held.length === 0);
    });

    it('a daemon that starts while one is down has its share from the disk', async () => {
      await kill(world, world.east);
      await daemon.stop();
      daemon = world.rig.daemon();
      await started();
      await world.home.services((all) => ({ ...all, later: service('later', '10.30.0.3') }));
      await until('an edit arrives', () => world.everywhere('later.testcloud.local'));
      expect(world.everywhere('b3.eastcloud.local')).toBe(true);
      expect(await world.stateOf('east')).toBe('last-good');
      await revive(world, world.east);
      await world.east.services((all) => ({ ...all, again: service('again', '10.20.0.9') }));
      await until('its edits arrive again', () => world.everywhere('again.eastcloud.local'));
    });

    it('while home is down edits of the other flow; after a start without home they wait for it, and say so', async () => {
      await kill(world, world.home);
      await world.east.services((all) => ({ ...all, alone: service('alone', '10.20.0.10') }));
      await until('an edit arrives', () => world.everywhere('alone.eastcloud.local'));
      await daemon.stop();
      daemon = world.rig.daemon();
      await started();
      await world.east.services((all) => ({ ...all, still: service('still', '10.20.0.11') }));
      await until('it waits for the term store', async () =>
        (await world.status()).nodes.every(({ evidence }) => evidence.includes('the term store is down')),
      );
      expect(world.everywhere('later.testcloud.local')).toBe(true);
      await revive(world, world.home);
      await world.home.services((all) => ({ ...all, whole: service('whole', '10.30.0.4') }));
      await until(
        'all is as it was',
        () => world.everywhere('whole.testcloud.local') && world.everywhere('still.eastcloud.local'),
      );
    });
  },
);

describe.skipIf(!ready)(
  suiteTitle('one controller over a folder and an API server', kubeReady),
  { timeout: 300_000 },
  () => {
    let world: ClusterRig;
    let daemon: Daemon;

    beforeAll(async () => {
      world = await startClusterRig({
        sources:
          '  - {name: lab, kind: directory, directory: FOLDER, priority: 5}\n  - {name: east, kubeconfig: KUBECONFIG, context: east}\n',
        settings: 'status: {writeBack: true, flushMs: 300}\nwatch: {pollMs: 1000, requestMs: 3000}\n',
        services: { git: '10.20.0.2', demo: '10.20.0.1' },
      });
      daemon = await begin(world, 'git.eastcloud.local', 'demo.testcloud.local');
    }, 240_000);
    afterAll(async () => {
      await world.stop();
    });

    it('each is followed in its own way, and edited where it is', async () => {
      world.rig.edit('service-registry', 'services.json', (all: object) => ({
        ...all,
        file: service('file', '10.30.0.1'),
      }));
      await world.east.services((all) => ({ ...all, object: service('object', '10.20.0.3') }));
      await until(
        'both edits arrive',
        () => world.everywhere('file.testcloud.local') && world.everywhere('object.eastcloud.local'),
      );
      for (const [source, name] of [
        ['lab', 'one'],
        ['east', 'two'],
      ] as const) {
        const words = ['service', 'register', name, '--ip', '10.40.0.1', '--port', '81', '--source', source];
        expect(await world.rig.syncctl(words)).toMatchObject({ code: 0 });
      }
      await until(
        'both are registered',
        () => world.everywhere('one.testcloud.local') && world.everywhere('two.eastcloud.local'),
      );
      expect(JSON.stringify(world.rig.read('service-registry', 'services.json'))).not.toContain('"two"');
      expect(await world.east.value('service-registry', 'services.json')).not.toContain('"one"');
    });

    it('the API server is killed: the folder goes on, over a restart, and it is taken up again', async () => {
      await kill(world, world.east);
      await daemon.stop();
      daemon = world.rig.daemon();
      world.rig.edit('service-registry', 'services.json', (all: object) => ({
        ...all,
        late: service('late', '10.30.0.2'),
      }));
      await until('an edit of the folder arrives', () => world.everywhere('late.testcloud.local'));
      expect(world.everywhere('object.eastcloud.local')).toBe(true);
      await revive(world, world.east);
      await world.east.services((all) => ({ ...all, back: service('back', '10.20.0.4') }));
      await until('its edits arrive again', () => world.everywhere('back.eastcloud.local'));
    });
  },
);
