import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startPullRig, type PullRig } from './pull-rig.ts';
import { until, type Daemon } from './rig.ts';

const available = fleetAvailable('namespaces').available;
// The first fetches its configuration; the last is pushed, and both are held in the same ways.
const [home, office, pushed] = [0, 1, 2];

describe.skipIf(!available)('a node that fetches, frozen under a rollout', { timeout: 180_000 }, () => {
  let rig: PullRig;
  let daemon: Daemon;
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };
  const has = (index: number, name: string): boolean => rig.hosts(index).includes(`${name}.testcloud.local`);
  const freeze = async (...words: readonly string[]): Promise<void> => {
    const { code, stderr } = await rig.syncctl(['freeze', ...words, '--for', '1h', '--reason', 'holiday']);
    expect([code, stderr]).toEqual([0, stderr]);
  };
  /** What is told of both, by whom, since when, why, and what ends it. */
  const both = async (expected: object): Promise<void> => {
    for (const index of [home, pushed]) {
      const name = index === home ? 'home' : 'pushed';
      await until(`${name} is told as frozen`, async () => (await rig.stateOf(index)).hold !== null);
      expect(await rig.stateOf(index)).toMatchObject(expected);
    }
  };
  const pending = (end: string): object => ({
    state: 'pending_sync',
    cause: 'frozen',
    evidence: expect.stringMatching(/^frozen by \S+ since \S+Z until \S+Z: holiday$/u) as string,
    remedy: end,
  });
  beforeAll(async () => {
    rig = await startPullRig({
      nodes: ['home', 'office', 'pushed'].map((name) => ({ type: 'worker_nodes', name })),
      pull: ['hangMs: 500', 'silentPeriods: 2'],
      settings: 'rollout:\n  canaries: {names: [office]}\n  batches: [1]\n  soakMs: 0\n',
    });
    daemon = rig.daemon();
    await until('the daemon has started', () => daemon.said().includes('started'));
    await rig.join(home);
    await rig.node(home).stopSshd({ keepSessions: false });
    await rig.visit(home);
    for (const index of [home, office, pushed])
      await until('it is active', async () => (await rig.stateOf(index)).state === 'active');
  }, 180_000);
  afterAll(async () => {
    await rig.stop();
  });

  it('says so while it is active with the last good bytes, and the rollout has not come to it', async () => {
    await freeze('--type', 'worker_nodes');
    const hold = { what: 'all worker_nodes', why: 'holiday', end: 'syncctl unfreeze --type worker_nodes' };
    await both({ state: 'active', hold });
    add('early');
    await until('a rollout runs', async () => (await rig.syncctl(['rollout', 'show'])).code === 0);
    await both({ hold });
    const shown = (await rig.syncctl(['node', 'show', 'home'])).stdout;
    expect(shown).toMatch(
      /^Frozen: +all worker_nodes, by \S+ since \S+ until \S+: holiday; end it with: syncctl unfreeze --type worker_nodes$/mu,
    );
    expect([home, office, pushed].map((index) => has(index, 'early'))).toEqual([false, false, false]);
    expect((await rig.syncctl(['unfreeze', '--type', 'worker_nodes'])).code).toBe(0);
    for (const index of [home, office, pushed])
      await until('it has what waited', () => has(index, 'early'), 60_000);
  });

  it('says so as its cause once its turn has come, whatever its visits', async () => {
    for (const index of [home, pushed])
      await until('it is active', async () => (await rig.stateOf(index)).state === 'active');
    await freeze('home');
    await freeze('pushed');
    add('later');
    await until('the canary has it', () => has(office, 'later'));
    await until('its turn has come', async () => (await rig.stateOf(home)).cause === 'frozen', 60_000);
    await until('its turn has come', async () => (await rig.stateOf(pushed)).cause === 'frozen', 60_000);
    expect(await rig.stateOf(home)).toMatchObject(pending('syncctl unfreeze home'));
    expect(await rig.stateOf(pushed)).toMatchObject(pending('syncctl unfreeze pushed'));
    // It falls silent and comes back: the freeze is still what keeps it.
    await rig.leave(home);
    await until('it is away', async () => (await rig.stateOf(home)).pull?.here === false);
    await rig.visit(home);
    await until('it is here', async () => (await rig.stateOf(home)).pull?.here === true);
    await rig.syncctl(['reconcile']);
    expect(await rig.stateOf(home)).toMatchObject(pending('syncctl unfreeze home'));
    expect(has(home, 'later')).toBe(false);
  });

  it('says so after a restart of the controller, and to who pushes it by hand', async () => {
    await daemon.stop();
    daemon = rig.daemon();
    await until('the daemon has started', () => daemon.said().includes('started'));
    await until('it is told', async () => (await rig.stateOf(home)).cause === 'frozen');
    const { stdout } = await rig.syncctl(['push', 'home', '-o', 'json']);
    const { nodes } = JSON.parse(stdout) as { nodes: object[] };
    expect(nodes).toMatchObject([pending('syncctl unfreeze home')]);
    expect(has(home, 'later')).toBe(false);
  });

  it('gets what waited once the freeze has ended', async () => {
    for (const name of ['home', 'pushed']) expect((await rig.syncctl(['unfreeze', name])).code).toBe(0);
    for (const index of [home, pushed]) {
      await until('it has it', () => has(index, 'later'), 60_000);
      await until('it is active', async () => (await rig.stateOf(index)).state === 'active');
      expect(await rig.stateOf(index)).toMatchObject({ hold: null, cause: null });
    }
  });
});
