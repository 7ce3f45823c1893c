import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cluster, hostsBlock, NodeRoot, routesFile, sha, until } from './harness.ts';

let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', 'a\n');
});

afterEach(async () => {
  for (const pid of timers()) process.kill(pid, 'SIGKILL');
  await until(() => timers().length === 0, 'the timers of the test are gone');
  node.remove();
});

/** The timers that wait on this node: processes of ours that carry its folder on their command line. */
function timers(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return line.includes('--expire') && line.includes(node.dir);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const old = hostsBlock(['10.0.0.1\told.mini.local']);
const fresh = hostsBlock(['10.0.0.2\tnew.mini.local']);
const hosts = () => node.read('etc/hosts')?.toString();
const armed = () => node.read(`var/lib/sync-controller/clusters/${cluster}/hosts/armed`)?.toString();
const confirm = (seq: number) => node.ask({ mode: 'confirm', seq });

/** A change that must be confirmed. */
async function change(seconds: number, seq = 2): Promise<void> {
  if (seq === 2) await node.ask({ document: old, seq: 1 });
  const receipt = await node.ask({ document: fresh, seq, confirmSeconds: seconds, fallback: old });
  expect(receipt.result).toBe('INSTALLED');
}

/** The node restarts: its timers are gone, and the boot is another one. */
async function reboot(): Promise<void> {
  for (const pid of timers()) process.kill(pid, 'SIGKILL');
  await until(() => timers().length === 0, 'the timers died with the node');
  const path = node.path(`var/lib/sync-controller/clusters/${cluster}/hosts/armed`);
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll(
      /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gu,
      '00000000-0000-0000-0000-000000000000',
    ),
  );
}

describe('confirm_s', () => {
  it('takes back what nobody confirms: the fallback, with the fence where it was raised', async () => {
    await change(1);
    await until(() => hosts() === `a\n${old}`, 'the fallback is installed');
    await until(() => timers().length === 0, 'the timer has ended');
    const receipt = await node.ask({ mode: 'check', epoch: 0, seq: 0 });
    expect(receipt).toMatchObject({
      fence: { seq: 2, sha: sha(fresh) },
      installed: { seq: 2, sha: sha(old), restored_from: sha(fresh) },
      after: { sha: sha(old) },
    });
    expect(armed()).toBe(undefined);
    expect(await confirm(2)).toMatchObject({ result: 'RESTORED', code: 50 });
  });

  it('leaves what is confirmed, and confirming twice is once', async () => {
    await change(1);
    expect(await confirm(2)).toMatchObject({ result: 'CONFIRMED', code: 0 });
    expect((await confirm(2)).result).toBe('CONFIRMED');
    await until(() => timers().length === 0, 'the timer has ended');
    expect(hosts()).toBe(`a\n${fresh}`);
  });

  it('works for a whole file, and for a fallback that withdraws', async () => {
    const receipt = await node.ask({
      kind: 'traefik-routes',
      document: routesFile(['demo']),
      confirmSeconds: 1,
      fallback: '',
    });
    expect(receipt.result).toBe('INSTALLED');
    await until(() => node.read('srv/traefik/routes.yml') === undefined, 'the file is gone again');
  });

  it('is void once a newer request stands for itself', async () => {
    await change(1);
    const newer = hostsBlock(['10.0.0.3\tnewer.mini.local']);
    await node.ask({ document: newer, seq: 3 });
    await until(() => timers().length === 0, 'the timer has ended');
    expect(hosts()).toBe(`a\n${newer}`);
    expect(armed()).toBe(undefined);
  });

  it('is void once a newer request asserts the same bytes', async () => {
    await change(1);
    expect((await node.ask({ document: fresh, seq: 3 })).result).toBe('UNCHANGED');
    await until(() => timers().length === 0, 'the timer has ended');
    expect(hosts()).toBe(`a\n${fresh}`);
  });

  it('goes on when the same request comes again', async () => {
    await change(2);
    expect((await node.ask({ document: fresh, seq: 2, confirmSeconds: 2, fallback: old })).result).toBe(
      'UNCHANGED',
    );
    expect(timers()).toHaveLength(1);
    await until(() => hosts() === `a\n${old}`, 'the fallback is installed');
  });

  it('leaves bytes alone that somebody else wrote meanwhile', async () => {
    await change(1);
    node.write('etc/hosts', 'edited\n');
    await until(() => timers().length === 0, 'the timer has ended');
    expect(hosts()).toBe('edited\n');
  });

  it('is made up for after a reboot, at the next contact: a confirmation that comes then is too late', async () => {
    await change(3600);
    await reboot();
    expect((await confirm(2)).result).toBe('RESTORED');
    expect(hosts()).toBe(`a\n${old}`);
  });

  it('is made up for after a reboot before a request that is refused', async () => {
    await change(3600);
    await reboot();
    expect((await node.ask({ document: fresh, seq: 1 })).result).toBe('STALE');
    expect(hosts()).toBe(`a\n${old}`);
  });

  it('never makes check write: what is due stays until a contact that may write', async () => {
    await change(3600);
    await reboot();
    await node.ask({ mode: 'check', epoch: 0, seq: 0 });
    expect(hosts()).toBe(`a\n${fresh}`);
  });

  it('is armed before the target is touched: a crash before the rename restores nothing that was never there', async () => {
    await node.ask({ document: old, seq: 1 });
    await node.run(
      { document: fresh, seq: 2, confirmSeconds: 1, fallback: hostsBlock([]) },
      { env: { SC_TEST_CRASH_AT: 'armed' } },
    );
    await until(() => armed() === undefined, 'the timer found nothing of its request');
    expect(hosts()).toBe(`a\n${old}`);
  });

  it('is answered for a request that was never here', async () => {
    await change(3600);
    expect((await confirm(1)).result).toBe('STALE');
    expect((await confirm(9)).result).toBe('MOVED');
    expect((await node.ask({ mode: 'confirm', seq: 2, writer: 'somebodyelse' })).result).toBe('RIVAL');
    expect((await node.ask({ mode: 'confirm', seq: 2, epoch: 9 })).result).toBe('MOVED');
  });
});
