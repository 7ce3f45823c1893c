// `node rotate-key` with a node that is away, and kills between the steps of enrolment and rotation.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const names = ['one', 'two', 'away', 'killed'];

describe.skipIf(!available)('the key of restricted nodes', { timeout: 300_000 }, () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ nodes: names.map((name) => ({ type: 'worker_nodes' as const, name })) });
    for (const name of ['one', 'two', 'away']) {
      const ran = await rig.syncctl(words(name));
      if (ran.code !== 0) throw new Error(ran.stderr);
    }
  }, 300_000);
  afterAll(async () => {
    await rig.stop();
  });

  const node = (name: string) => rig.node(names.indexOf(name));
  const words = (name: string): readonly string[] => [
    ...['node', 'add', node(name).address, '--type', 'worker', '--user', 'node', '--restrict', '--yes'],
  ];
  const ownLines = (name: string): readonly string[] =>
    fileOn(node(name), 'home/node/.ssh/authorized_keys')
      .split('\n')
      .filter((line) => line.includes(' sync-controller@'));
  const folder = (): string => join(rig.folder, 'state/identity');
  const generations = (): readonly string[] =>
    readdirSync(folder()).filter((file) => /^id_ed25519\.\d+$/u.test(file));
  const blob = (generation: number): string =>
    readFileSync(join(folder(), `id_ed25519.${String(generation)}.pub`), 'utf8').split(' ')[1] ?? '?';
  const noted = (name: string): { generation: number; old: number[] } | undefined => {
    if (!existsSync(join(folder(), 'nodes.json'))) return undefined;
    const { nodes } = JSON.parse(readFileSync(join(folder(), 'nodes.json'), 'utf8')) as {
      nodes: Record<string, { generation: number; old: number[] }>;
    };
    return nodes[`worker_nodes@${node(name).address}`];
  };
  /** Kills syncctl as soon as a condition holds, or lets it end before. */
  const killedWhen = async (line: readonly string[], condition: () => boolean): Promise<boolean> => {
    const { process: child, stop } = rig.daemon(line);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setInterval(() => {
      if (child.exitCode !== null) resolve(false);
      else if (condition()) resolve(true);
    }, 1);
    const seen = await promise;
    clearInterval(timer);
    await stop('SIGKILL');
    return seen;
  };

  it.each([
    ['its pair is made', () => generations().length > 0 && ownLines('killed').length === 0],
    ['sudo has the rule', () => fileOn(node('killed'), 'etc/sudoers.d/sync-controller') !== ''],
    ['the line stands', () => ownLines('killed').length > 0],
    ['the node is noted', () => noted('killed') !== undefined],
  ])(
    'killed during enrolment once %s, a login works, and the same again finishes it',
    async (_name, condition) => {
      expect(await killedWhen(words('killed'), condition)).toBe(true);
      const pushed = await rig.syncctl(['push', 'killed']);
      expect(pushed.code, pushed.stdout + pushed.stderr).toBe(0);
      const again = await rig.syncctl(words('killed'));
      expect(again.code, again.stderr).toBe(0);
      expect([ownLines('killed').length, noted('killed')?.old]).toEqual([1, []]);
      // As it was before, for the next one.
      await node('killed').run("sed -i '/ sync-controller@/d' /home/node/.ssh/authorized_keys");
      await node('killed').run('rm /etc/sudoers.d/sync-controller');
      const file = join(folder(), 'nodes.json');
      const record = JSON.parse(readFileSync(file, 'utf8')) as { nodes: Record<string, unknown> };
      Reflect.deleteProperty(record.nodes, `worker_nodes@${node('killed').address}`);
      writeFileSync(file, JSON.stringify(record));
    },
  );

  it('is changed on the nodes that answer; the one that is away keeps the old one until it returns', async () => {
    await node('away').unplug();
    const ran = await rig.syncctl(['node', 'rotate-key', '--all', '--yes', '-o', 'json']);
    expect(ran.code, ran.stderr).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: 'KeyRotation',
      nodes: [
        { name: 'one', result: 'rotated', cause: null },
        { name: 'two', result: 'rotated', cause: null },
        { name: 'away', result: 'failed' },
      ],
      behind: ['away'],
    });
    expect(generations()).toEqual(['id_ed25519.1', 'id_ed25519.2']);
    expect(ownLines('one')).toEqual([expect.stringContaining(blob(2))]);
    expect((await rig.syncctl(['health'])).stdout).toContain('Old key: away');
    await node('away').plug();
    expect((await rig.syncctl(['push', 'away'])).code).toBe(0);
    expect((await rig.syncctl(['node', 'show', 'away'])).stdout).toContain('syncctl node rotate-key away');
    const doctor = await rig.syncctl(['doctor', 'away']);
    const remedy = /takes an earlier key[^;]*; syncctl (.*)$/mu.exec(doctor.stdout)?.[1] ?? '';
    const rest = await rig.syncctl([...remedy.split(' '), '--yes']);
    expect(rest.code, rest.stderr).toBe(0);
    expect(ownLines('away')).toEqual([expect.stringContaining(blob(2))]);
    // The old pair goes with the last node that needed it.
    expect(generations()).toEqual(['id_ed25519.2']);
    expect((await rig.syncctl(['health'])).stdout).not.toContain('Old key');
    expect((await rig.syncctl(['push', 'one', 'two', 'away'])).code).toBe(0);
  });

  const newest = (): number => Math.max(...generations().map((file) => Number(file.split('.')[1])));
  it.each([
    ['the new pair is made', () => newest() > 2],
    ['the new line stands', () => newest() > 2 && ownLines('one').length > 1],
    ['the controller has changed over', () => (noted('one')?.old.length ?? 0) > 0],
    [
      'the old line is gone',
      () =>
        newest() > 2 && ownLines('one').length === 1 && ownLines('one')[0]?.includes(blob(newest())) === true,
    ],
  ])(
    'killed during a rotation once %s, a login works, and the same again finishes it',
    async (_name, condition) => {
      const start = newest();
      // Conditions speak of generation 2 as the old one.
      const seen = (): boolean => newest() > start && condition();
      expect(await killedWhen(['node', 'rotate-key', 'one', '--yes'], seen)).toBe(true);
      const pushed = await rig.syncctl(['push', 'one']);
      expect(pushed.code, pushed.stdout + pushed.stderr).toBe(0);
      const again = await rig.syncctl(['node', 'rotate-key', '--all', '--yes']);
      expect(again.code, again.stderr).toBe(0);
      for (const name of ['one', 'two', 'away'])
        expect([name, ownLines(name), noted(name)?.old]).toEqual([
          name,
          [expect.stringContaining(blob(start + 1))],
          [],
        ]);
      expect(generations()).toEqual([`id_ed25519.${String(start + 1)}`]);
    },
  );

  it('of a node without restriction cannot be changed', async () => {
    const ran = await rig.syncctl(['node', 'rotate-key', 'killed', '--yes']);
    expect([ran.code, ran.stderr]).toEqual([
      65,
      expect.stringMatching(/expected a restricted node.*; syncctl node add .* --restrict/u),
    ]);
    expect((await rig.syncctl(['node', 'rotate-key'])).code).toBe(64);
    expect((await rig.syncctl(['node', 'rotate-key', 'one', '--all'])).code).toBe(64);
  });
});
