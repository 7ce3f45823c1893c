import { describe, expect, it } from 'vitest';
import { EnrolDouble, found, key, rows, withEnrol } from './enrol-double.ts';
import { readKeyText } from './registry-folder.ts';

describe('syncctl node trust', () => {
  it('shows every fingerprint and asks once for all', async () => {
    const questions: string[] = [];
    const { run, registry } = await withEnrol(new EnrolDouble(), {
      ask: async (question) => (questions.push(question), 'y'),
    });
    const { code, err, out } = await run('node', 'trust', '--all', '--from', 'scan');
    expect(code).toBe(0);
    expect(questions).toHaveLength(1);
    expect(err.match(/SHA256:/gu)).toHaveLength(3);
    expect(out).toBe('vinay-laptop: pinned\ndev-laptop: pinned\ncontabo-vps: pinned\n');
    const { vps_nodes, management_laptops } = await rows(registry);
    for (const row of [...vps_nodes, ...management_laptops])
      expect(row.sync_controller.host_keys).toMatchObject([{ key: key('a'), source: 'scan' }]);
  });

  it('changes nothing, and asks nothing, where all is pinned', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    const before = await readKeyText(registry, 'sync-controller-registry', 'registry.json');
    const { code, out } = await run('node', 'trust', 'contabo-vps', '--from', 'scan');
    expect(code).toBe(0);
    expect(out).toBe('contabo-vps: unchanged\n');
    expect(await readKeyText(registry, 'sync-controller-registry', 'registry.json')).toBe(before);
  });

  it('refuses a changed key, until it is told to replace', async () => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    enrol.shown = [found('b')];
    const refused = await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('CHANGED');
    expect((await rows(registry)).vps_nodes[0].sync_controller.host_keys[0].key).toBe(key('a'));
    expect((await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--replace', '--yes')).code).toBe(0);
    expect((await rows(registry)).vps_nodes[0].sync_controller.host_keys).toMatchObject([{ key: key('b') }]);
  });

  it('tells what was found beside the keys', async () => {
    const enrol = new EnrolDouble();
    enrol.notes = ['100.68.225.92: the key SHA256:x is marked @revoked and is refused'];
    expect(
      (await (await withEnrol(enrol)).run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes')).err,
    ).toContain('is marked @revoked');
  });

  it('exits 1 where a node shows nothing, and pins the others', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const { code, err } = await run('node', 'trust', '--all', '--from', 'known_hosts', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('no known_hosts file knows it');
    expect((await rows(registry)).vps_nodes[0]).not.toHaveProperty('sync_controller');
  });

  it.each([[[]], [['--all', 'contabo-vps']], [['contabo-vps', '--from', 'dns']]])(
    'refuses %j',
    async (words) => {
      expect((await (await withEnrol(new EnrolDouble())).run('node', 'trust', ...words)).code).toBe(64);
    },
  );
});
