import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { cluster, hostsBlock, NodeRoot, player, receiverPath, request } from './harness.ts';

let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', '127.0.0.1 localhost\n');
});

afterEach(() => {
  node.remove();
});

const one = hostsBlock(['10.0.0.1\tone.mini.local']);
const two = hostsBlock(['10.0.0.2\ttwo.mini.local']);
const hosts = () => node.read('etc/hosts')?.toString();

describe('records that cannot be read', () => {
  it.each([
    ['journal', 'clusters/cluster-aaaa/hosts/journal', 'garbage\n'],
    [
      'journal with unequal halves',
      'clusters/cluster-aaaa/hosts/journal',
      'SC1 fence 9 writer0001 1 x 1 | SC1 fence 8 writer0001 1 x 1\n',
    ],
    ['owner', 'owners/%2Fetc%2Fhosts', 'SC1 owner cluster-aaaa hosts | SC1 owner cluster-bbbb hosts\n'],
    ['empty owner', 'owners/%2Fetc%2Fhosts', ''],
  ])(
    'a damaged %s stops every installation until a person looks, and check tells',
    async (_name, file, text) => {
      await node.ask({ document: one });
      node.write(`var/lib/sync-controller/${file}`, text);
      expect(await node.ask({ document: two, seq: 2, epoch: 9, flags: ['take-over'] })).toMatchObject({
        result: 'DAMAGED',
        code: 33,
      });
      const checked = await node.ask({ mode: 'check', epoch: 0, seq: 0 });
      expect(checked.result).toBe('DAMAGED');
      expect(checked.text).toContain('move it away');
      expect(hosts()).toBe(`127.0.0.1 localhost\n${one}`);
    },
  );

  it('a journal that has lost its fence but not what was installed is damaged', async () => {
    await node.ask({ document: one });
    const journal = node.journal(cluster, 'hosts');
    node.write(journal, (node.read(journal)?.toString() ?? '').split('\n').slice(1).join('\n'));
    expect((await node.ask({ document: two, seq: 2 })).result).toBe('DAMAGED');
  });

  it('a journal that is a directory or a link is damaged', async () => {
    node.mkdir(node.journal(cluster, 'hosts'));
    expect((await node.ask({ document: one })).result).toBe('DAMAGED');
  });

  it('a last record that was torn is closed, so that it cannot swallow the next one', async () => {
    await node.ask({ document: one });
    const journal = node.journal(cluster, 'hosts');
    const whole = node.read(journal)?.toString() ?? '';
    node.write(journal, whole.slice(0, -30));
    expect((await node.ask({ document: two, seq: 2 })).result).toBe('INSTALLED');
    expect(await node.ask({ mode: 'check', epoch: 0, seq: 0 })).toMatchObject({
      fence: { seq: 2 },
      installed: { seq: 2 },
    });
    expect((await node.ask({ document: one, seq: 1 })).result).toBe('STALE');
  });

  it('a file of zeros after a power cut is an empty journal with a torn line', async () => {
    node.write(node.journal(cluster, 'hosts'), Buffer.alloc(64));
    expect(await node.ask({ document: one })).toMatchObject({ result: 'INSTALLED', first: true });
    expect(await node.ask({ document: two, seq: 1 })).toMatchObject({ result: 'CONFLICT' });
  });
});

describe('--root', () => {
  const ask = encodeRequest(request({ document: one }));
  it.skipIf(player.uid === undefined)('is refused to root', () => {
    const run = spawnSync(receiverPath(), ['--root', node.dir], { input: ask });
    expect({ status: run.status, said: run.stdout.toString().includes('"result":"ROOT"') }).toEqual({
      status: 60,
      said: true,
    });
  });

  it('is refused under sudo, in a folder of somebody else, and for what is no folder', async () => {
    for (const how of [{ env: { SUDO_USER: 'x' } }, { env: { SUDO_UID: '0' } }]) {
      expect((await node.run({ document: one }, how)).code).toBe(60);
    }
    const run = spawnSync(receiverPath(), ['--root', '/usr'], { ...player, input: ask });
    expect(run.status).toBe(60);
    expect(
      spawnSync(receiverPath(), ['--root', 'relative'], { ...player, input: ask, cwd: node.dir }).status,
    ).toBe(60);
  });

  it('is the only argument besides --version', () => {
    expect(spawnSync(receiverPath(), ['--version']).stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/u);
    expect(spawnSync(receiverPath(), ['--help'], { input: ask }).status).toBe(64);
  });
});
