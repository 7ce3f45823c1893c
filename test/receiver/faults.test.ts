import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostsBlock, mayMount, NodeRoot, routesFile, sha } from './harness.ts';

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

describe('a file system that refuses', () => {
  const fill = 'dd if=/dev/zero of=$dir/full bs=4k count=1000 2>/dev/null || true';
  it.skipIf(!mayMount).each([
    ['the state directory', 'var/lib/sync-controller'],
    ['the directory of the target', 'srv/traefik'],
  ])('answers NOSPACE when %s is full, and changes nothing', async (_name, dir) => {
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      check: 'traefik-routes',
    });
    const mounts = `dir=${dir}; mkdir -p $dir; mount -t tmpfs -o size=64k,mode=777 none $dir; ${fill}`;
    const receipt = await node.ask(
      { kind: 'traefik-routes', document: routesFile(['demo', 'chat', 'more', 'names']) },
      { mounts },
    );
    expect({ result: receipt.result, code: receipt.code, after: receipt.after }).toEqual({
      result: 'NOSPACE',
      code: 40,
      after: receipt.before,
    });
  });

  it.skipIf(!mayMount).each([['etc'], ['var']])(
    'answers READONLY when /%s is mounted read-only',
    async (dir) => {
      const receipt = await node.ask(
        { document: one },
        { mounts: `mount --bind ${dir} ${dir}; mount -o remount,bind,ro ${dir}` },
      );
      expect({ result: receipt.result, code: receipt.code }).toEqual({ result: 'READONLY', code: 41 });
      expect(hosts()).toBe('127.0.0.1 localhost\n');
    },
  );

  it.skipIf(!mayMount)('answers check on a read-only node as on any other', async () => {
    await node.ask({ document: one });
    const receipt = await node.ask(
      { mode: 'check', epoch: 0, seq: 0 },
      { mounts: `mount --bind . .; cd .; mount -o remount,bind,ro .` },
    );
    expect({ result: receipt.result, after: receipt.after?.sha }).toEqual({
      result: 'CHECKED',
      after: sha(one),
    });
  });

  it('answers READONLY when the directory of the target may not be written', async () => {
    chmodSync(node.path('etc'), 0o555);
    const receipt = await node.ask({ document: one });
    chmodSync(node.path('etc'), 0o755);
    expect(receipt.result).toBe('READONLY');
  });
});

describe('a target that is a mount of its own (EBUSY)', () => {
  const mounts = 'mount --bind etc/hosts etc/hosts';
  const steps = ['inplace-staged', 'inplace-journaled', 'inplace-written', 'inplace-synced'] as const;

  it.skipIf(!mayMount)('is written in place, reported nonatomic, and leaves no journal', async () => {
    const inode = statSync(node.path('etc/hosts')).ino;
    const receipt = await node.ask({ document: one }, { mounts });
    expect(receipt).toMatchObject({ result: 'INSTALLED', installed: { atomic: false } });
    expect(hosts()).toBe(`127.0.0.1 localhost\n${one}`);
    expect(statSync(node.path('etc/hosts')).ino).toBe(inode);
    expect(readdirSync(node.path('var/lib/sync-controller/inplace'))).toEqual([]);
    expect(await node.ask({ document: '', seq: 2 }, { mounts })).toMatchObject({
      result: 'INSTALLED',
      installed: { atomic: false },
    });
    expect(hosts()).toBe('127.0.0.1 localhost\n');
  });

  it.skipIf(!mayMount).each(steps)('is finished at the next contact after a crash at %s', async (step) => {
    const ended = await node.run({ document: one }, { mounts, env: { SC_TEST_CRASH_AT: step } });
    expect(ended.signal ?? ended.code).not.toBe(0);
    const receipt = await node.ask({ document: two, seq: 2 }, { mounts });
    expect(receipt.result).toBe('INSTALLED');
    expect(hosts()).toBe(`127.0.0.1 localhost\n${two}`);
    expect(readdirSync(node.path('var/lib/sync-controller/inplace'))).toEqual([]);
  });

  it.skipIf(!mayMount)(
    'that was half written is completed from its journal, also for a request that changes nothing else',
    async () => {
      await node.run({ document: one }, { mounts, env: { SC_TEST_CRASH_AT: 'inplace-journaled' } });
      const whole = `127.0.0.1 localhost\n${one}`;
      writeFileSync(node.path('etc/hosts'), whole.slice(0, 40));
      expect((await node.ask({ document: one }, { mounts })).result).toBe('UNCHANGED');
      expect(hosts()).toBe(whole);
    },
  );

  it.skipIf(!mayMount)('that somebody edited since the crash keeps the edit', async () => {
    await node.run({ document: one }, { mounts, env: { SC_TEST_CRASH_AT: 'inplace-journaled' } });
    writeFileSync(node.path('etc/hosts'), '10.9.9.9 edited\n');
    const receipt = await node.ask({ document: one, seq: 2 }, { mounts });
    expect(receipt.text).toContain('left alone');
    expect(hosts()).toBe(`10.9.9.9 edited\n${one}`);
  });
});
