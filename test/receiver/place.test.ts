import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { hostsBlock, isStopped, mayMount, modeOf, NodeRoot, request, routesFile, until } from './harness.ts';

let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', '127.0.0.1 localhost\n');
});

afterEach(() => {
  node.remove();
});

const one = hostsBlock(['10.0.0.1\tone.mini.local']);

describe('a target that is no plain file', () => {
  it.each([
    [
      'a symbolic link',
      () => {
        writeFileSync(node.path('elsewhere'), 'secret');
        symlinkSync('../../elsewhere', node.path('srv/traefik/routes.yml'));
      },
    ],
    [
      'a dangling link',
      () => {
        symlinkSync('/nowhere/at/all', node.path('srv/traefik/routes.yml'));
      },
    ],
    [
      'a directory',
      () => {
        mkdirSync(node.path('srv/traefik/routes.yml'));
      },
    ],
    [
      'a FIFO',
      () => {
        spawnSync('mkfifo', [node.path('srv/traefik/routes.yml')]);
      },
    ],
    [
      'in a directory that is missing',
      () => {
        rmSync(node.path('srv/traefik'), { recursive: true });
      },
    ],
  ])('is refused as %s, and left alone', async (_name, make) => {
    make();
    const receipt = await node.ask({ kind: 'traefik-routes', document: routesFile(['demo']) });
    expect({ result: receipt.result, code: receipt.code, fence: receipt.fence }).toEqual({
      result: 'TARGET',
      code: 32,
      fence: null,
    });
    if (existsSync(node.path('elsewhere'))) {
      expect(readFileSync(node.path('elsewhere'), 'utf8')).toBe('secret');
      expect(lstatSync(node.path('srv/traefik/routes.yml')).isSymbolicLink()).toBe(true);
    }
  });
});

describe('owner, mode and place of the file', () => {
  it('keeps the mode of a file that was there', async () => {
    chmodSync(node.path('etc/hosts'), 0o640);
    await node.ask({ document: one });
    expect(modeOf(node.path('etc/hosts'))).toBe(0o640);
  });

  it.each([
    ['0644', 0o644],
    ['0600', 0o600],
    ['640', 0o640],
  ])('gives a new file the described mode %s', async (mode, bits) => {
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      temp: '/var/lib/sync-controller/tmp',
      mode,
      check: 'traefik-routes',
    });
    await node.ask({ kind: 'traefik-routes', document: routesFile(['demo']) });
    expect(modeOf(node.path('srv/traefik/routes.yml'))).toBe(bits);
  });

  it('makes the temp file outside the watched directory', async () => {
    const asked = request({ kind: 'traefik-routes', document: routesFile(['demo']) });
    const exec = node.start({ env: { SC_TEST_STOP_AT: 'replacing' } });
    exec.write(encodeRequest(asked));
    await until(() => isStopped(exec.pid), 'the receiver stands before the rename');
    expect(readdirSync(node.path('srv/traefik'))).toEqual([]);
    process.kill(exec.pid, 'SIGCONT');
    expect((await exec.ended(asked.nonce)).receipt?.result).toBe('INSTALLED');
    expect(readdirSync(node.path('srv/traefik'))).toEqual(['routes.yml']);
  });

  it('makes it beside the target, under a name that Traefik does not read, where none is described', async () => {
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      check: 'traefik-routes',
    });
    const exec = node.start({ env: { SC_TEST_STOP_AT: 'replacing' } });
    exec.write(encodeRequest(request({ kind: 'traefik-routes', document: routesFile(['demo']) })));
    await until(() => isStopped(exec.pid), 'the receiver stands before the rename');
    expect(readdirSync(node.path('srv/traefik')).filter((name) => /\.(?:ya?ml|toml)$/u.test(name))).toEqual(
      [],
    );
    expect(readdirSync(node.path('srv/traefik'))).toHaveLength(1);
    process.kill(exec.pid, 'SIGCONT');
    await exec.ended();
  });

  it.skipIf(!mayMount)(
    'makes it beside the target when the described directory lies on another file system',
    async () => {
      node.mkdir('var/lib/sync-controller/tmp');
      const mounts = `mount -t tmpfs -o mode=777 none var/lib/sync-controller/tmp`;
      const receipt = await node.ask({ kind: 'traefik-routes', document: routesFile(['demo']) }, { mounts });
      expect(receipt).toMatchObject({ result: 'INSTALLED', installed: { atomic: true } });
    },
  );

  it.skipIf(!mayMount)(
    'makes it beside the target when both lie on one device, but on two mounts',
    async () => {
      node.mkdir('var/lib/sync-controller/tmp');
      const mounts = `mount --bind srv/traefik srv/traefik`;
      const receipt = await node.ask({ kind: 'traefik-routes', document: routesFile(['demo']) }, { mounts });
      expect(receipt).toMatchObject({ result: 'INSTALLED', installed: { atomic: true } });
      expect(node.read('srv/traefik/routes.yml')?.toString()).toBe(routesFile(['demo']));
    },
  );

  it('keeps the five newest backups of what stood there before', async () => {
    for (let seq = 1; seq <= 9; seq++)
      await node.ask({ document: hostsBlock([`10.0.0.${String(seq)}\ta.mini.local`]), seq });
    const kept = readdirSync(node.path('var/lib/sync-controller/backup/hosts'));
    expect(kept.length).toBe(5);
    const newest = kept.map((name) =>
      readFileSync(node.path(`var/lib/sync-controller/backup/hosts/${name}`), 'utf8'),
    );
    expect(newest).toContain(`127.0.0.1 localhost\n${hostsBlock(['10.0.0.8\ta.mini.local'])}`);
  });
});
