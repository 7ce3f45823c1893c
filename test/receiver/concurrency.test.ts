import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { hostsBlock, isStopped, NodeRoot, request, until } from './harness.ts';

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

/** True while a process works below a folder. */
function isAtWork(folder: string): boolean {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
  return pids.some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

/** Starts an exec that stops at a step, and waits until it stands there. */
async function stoppedAt(step: string, document: string, seq = 1) {
  const asked = request({ document, seq });
  const exec = node.start({ env: { SC_TEST_STOP_AT: step } });
  exec.write(encodeRequest(asked));
  exec.end();
  await until(() => isStopped(exec.pid), `the receiver stands at ${step}`);
  return { pid: exec.pid, ended: () => exec.ended(asked.nonce) };
}

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
      // A tool that it had started goes on without it, and ends at once.
      await until(() => !isAtWork(node.dir), 'what it has started is over');
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
