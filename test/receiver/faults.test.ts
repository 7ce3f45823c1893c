import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import {
  hostsBlock,
  isStopped,
  mayMount,
  modeOf,
  NodeRoot,
  request,
  routesFile,
  sha,
  until,
} from './harness.ts';

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

/** Starts an exec that stops at a step, and waits until it stands there. */
async function stoppedAt(step: string, document: string, seq = 1) {
  const asked = request({ document, seq });
  const exec = node.start({ env: { SC_TEST_STOP_AT: step } });
  exec.write(encodeRequest(asked));
  exec.end();
  await until(() => isStopped(exec.pid), `the receiver stands at ${step}`);
  return { pid: exec.pid, ended: () => exec.ended(asked.nonce) };
}

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

describe('a target that changes under us', () => {
  it('is assembled again: the edit of somebody else stays', async () => {
    const exec = await stoppedAt('durable', one);
    appendFileSync(node.path('etc/hosts'), '10.9.9.9 meanwhile\n');
    process.kill(exec.pid, 'SIGCONT');
    await until(() => isStopped(exec.pid) || !existsSync(`/proc/${String(exec.pid)}`), 'the second round');
    process.kill(exec.pid, 'SIGCONT');
    expect((await exec.ended()).receipt?.result).toBe('INSTALLED');
    expect(hosts()).toBe(`127.0.0.1 localhost\n10.9.9.9 meanwhile\n${one}`);
    expect(node.leftovers()).toEqual([]);
  });

  it('twice is left alone: MOVED, with the fence raised and every foreign byte there', async () => {
    const exec = await stoppedAt('durable', one);
    appendFileSync(node.path('etc/hosts'), '10.9.9.1 first\n');
    process.kill(exec.pid, 'SIGCONT');
    await until(() => isStopped(exec.pid) && node.leftovers().length > 0, 'the second round');
    appendFileSync(node.path('etc/hosts'), '10.9.9.2 second\n');
    process.kill(exec.pid, 'SIGCONT');
    const { receipt } = await exec.ended();
    expect({ result: receipt?.result, seq: receipt?.fence?.seq, installed: receipt?.installed }).toEqual({
      result: 'MOVED',
      seq: 1,
      installed: null,
    });
    expect(hosts()).toBe('127.0.0.1 localhost\n10.9.9.1 first\n10.9.9.2 second\n');
    expect(node.leftovers()).toEqual([]);
  });
});

describe('two requests at once', () => {
  it('the second waits for the lock, then is told BUSY; a killed holder blocks nobody', async () => {
    const first = await stoppedAt('locked', one);
    expect(await node.ask({ document: two, seq: 2 })).toMatchObject({ result: 'BUSY', code: 15 });
    process.kill(first.pid, 'SIGKILL');
    await first.ended();
    expect((await node.ask({ document: two, seq: 2 })).result).toBe('INSTALLED');
    expect(node.leftovers()).toEqual([]);
  });

  it('a check does not wait for the lock', async () => {
    const first = await stoppedAt('locked', one);
    expect((await node.ask({ mode: 'check', epoch: 0, seq: 0 })).result).toBe('CHECKED');
    process.kill(first.pid, 'SIGKILL');
    await first.ended();
  });

  it('a sender that stalls holds nothing, and ends at its deadline', async () => {
    const asked = request({ document: one, deadlineMs: 1500 });
    const slow = node.start();
    slow.write(encodeRequest(asked).subarray(0, -20));
    expect((await node.ask({ document: two, seq: 1 })).result).toBe('INSTALLED');
    const ended = await slow.ended(asked.nonce);
    expect({ result: ended.receipt?.result, code: ended.code }).toEqual({ result: 'DEADLINE', code: 43 });
    expect(hosts()).toBe(`127.0.0.1 localhost\n${two}`);
    expect(node.leftovers()).toEqual([]);
  });

  it('leaves the temp file of a living request alone while it sweeps those of dead ones', async () => {
    await node.run({ document: one }, { env: { SC_TEST_CRASH_AT: 'staged' } });
    expect(node.leftovers()).toHaveLength(1);
    const slow = await stoppedAt('staged', one);
    await node.ask({ document: two, seq: 2 });
    expect(node.leftovers()).toHaveLength(1);
    process.kill(slow.pid, 'SIGCONT');
    expect((await slow.ended()).receipt?.result).toBe('STALE');
    expect(node.leftovers()).toEqual([]);
  });

  it('a controller that hangs up after its request does not stop the installation', async () => {
    const asked = request({ document: one });
    const exec = node.start({ env: { SC_TEST_STOP_AT: 'durable' } });
    exec.write(encodeRequest(asked));
    exec.end();
    await until(() => isStopped(exec.pid), 'the receiver stands before the rename');
    process.kill(exec.pid, 'SIGHUP');
    process.kill(exec.pid, 'SIGCONT');
    expect((await exec.ended(asked.nonce)).receipt?.result).toBe('INSTALLED');
  });
});

describe('kill -9 from outside, at any time', () => {
  it('leaves the old file or the new one, records that agree, and nothing behind after the next request', async () => {
    let stands = '127.0.0.1 localhost\n';
    for (let seq = 1; seq <= 25; seq++) {
      const block = hostsBlock([`10.0.0.${String(seq)}\ta.mini.local`]);
      const exec = node.start();
      exec.write(encodeRequest(request({ document: block, seq: 2 * seq })));
      exec.end();
      const timer = setTimeout(
        () => {
          process.kill(exec.pid, 'SIGKILL');
        },
        (seq * 37) % 110,
      );
      await exec.ended();
      clearTimeout(timer);
      const next = `127.0.0.1 localhost\n${block}`;
      const now = hosts() ?? '';
      expect([stands, next]).toContain(now);
      stands = now;
      if (seq % 5 === 0) {
        const again = await node.ask({ document: block, seq: 2 * seq + 1 });
        expect(['INSTALLED', 'UNCHANGED']).toContain(again.result);
        expect(node.leftovers()).toEqual([]);
        stands = next;
      }
    }
  });
});

describe('a reader at any moment (I4)', () => {
  it('sees a whole file, the old or the new', async () => {
    const blocks = Array.from({ length: 12 }, (_, at) =>
      hostsBlock(
        Array.from(
          { length: 400 },
          (_each, line) => `10.0.${String(at)}.${String(line % 250)}\tn${String(line)}.mini.local`,
        ),
      ),
    );
    const whole = new Set([
      '127.0.0.1 localhost\n',
      ...blocks.map((block) => `127.0.0.1 localhost\n${block}`),
    ]);
    const done = new AbortController();
    let reads = 0;
    const reader = (async () => {
      while (!done.signal.aborted) {
        if (!whole.has(hosts() ?? 'no file')) throw new Error('a reader saw a file that never was');
        reads += 1;
        await new Promise((next) => setImmediate(next));
      }
    })();
    for (const [at, document] of blocks.entries())
      expect((await node.ask({ document, seq: at + 1 })).result).toBe('INSTALLED');
    done.abort();
    await reader;
    expect(reads).toBeGreaterThan(100);
  });
});
