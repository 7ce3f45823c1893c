import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './rig.ts';
import { systemdAvailable } from './systemd/machine.ts';
import { settings, source, startUnitRig, type UnitRig } from './unit-rig.ts';

const possible = systemdAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;

describe.skipIf(!possible.available)(`the unit under a real systemd${reason}`, () => {
  let world: UnitRig;
  beforeAll(async () => {
    world = await startUnitRig();
  });
  afterAll(async () => {
    await world.stop();
  });

  it('is understood by systemd without a remark, and rated OK', async () => {
    const { machine } = world;
    const verified = await machine.run('systemd-analyze', 'verify', '--man=no', 'sync-controller.service');
    expect([verified.code, verified.stdout + verified.stderr]).toEqual([0, '']);
    const rated = await machine.run(
      'systemd-analyze',
      'security',
      '--threshold=25',
      '--no-pager',
      'sync-controller.service',
    );
    expect(rated.stdout).toContain('OK');
    expect(rated.code).toBe(0);
  });

  it('starts from the package alone, says when it is ready, and pushes with the key in /root/.ssh', async () => {
    const { machine, systemctl, everywhere } = world;
    const started = await systemctl('enable', '--now', 'sync-controller');
    expect([started, await machine.property('ActiveState')]).toEqual([0, 'active']);
    expect(await machine.property('StatusText')).toBe('pushing to 2 nodes');
    await everywhere('demo');
  });

  it('is held to what it needs: no capability but reading, filtered system calls, writable folders of its own alone', async () => {
    const { machine, mainPid } = world;
    const pid = await mainPid();
    const status = (await machine.run('cat', `/proc/${pid}/status`)).stdout;
    // CAP_DAC_READ_SEARCH is bit 2; 2 is a filter.
    expect(status).toMatch(/^CapBnd:\t0000000000000004$/mu);
    expect(status).toMatch(/^NoNewPrivs:\t1$/mu);
    expect(status).toMatch(/^Seccomp:\t2$/mu);
    const tryIn = (path: string) => machine.run('nsenter', '--target', pid, '--mount', '--', 'touch', path);
    for (const path of ['/etc/x', '/root/x', '/usr/x', '/home/x'])
      expect((await tryIn(path)).stderr, path).toContain('Read-only');
    for (const path of ['/var/lib/sync-controller/x', '/run/sync-controller/x'])
      expect((await tryIn(path)).code, path).toBe(0);
    const modes = [
      '/var/lib/sync-controller',
      '/run/sync-controller',
      '/run/sync-controller/syncctl.sock',
    ].map((path) => statSync(join(machine.rootDir, path)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it('the command line beside it finds its socket', async () => {
    const { machine, mainPid } = world;
    const status = JSON.parse((await machine.run('syncctl', 'status', '-o', 'json')).stdout) as {
      daemon: boolean;
      pid: number;
    };
    expect(status).toMatchObject({ daemon: true, pid: Number(await mainPid()) });
  });

  it('writes to the journal with the priorities of its lines', async () => {
    const { rig, machine, journal, add, everywhere } = world;
    await rig.node(1).stopSshd();
    add('quiet');
    await until('the warning is in the journal', async () =>
      (await journal('--priority', 'warning')).includes('[⚠] worker is not reachable'),
    );
    expect(await journal('--priority', 'warning')).not.toContain('[INFO]');
    expect(await journal('--priority', 'info')).toContain('[INFO]');
    expect((await machine.run('syncctl', 'logs', '-n', '50', 'worker')).stdout).toContain(
      'worker is not reachable',
    );
    await rig.node(1).startSshd();
    await everywhere('quiet');
  });

  it('reloads: new settings count at once, wrong ones are refused and change nothing', async () => {
    const { machine, systemctl, journal, active, mainPid } = world;
    machine.write(settings, `${source}log:\n  level: debug\n`);
    expect(await systemctl('reload', 'sync-controller')).toBe(0);
    await until('the new level counts', async () => (await journal()).includes('settings read again'));
    await active();
    const pid = await mainPid();
    machine.write(settings, `${source}lgo:\n  level: debug\n`);
    await systemctl('reload', 'sync-controller');
    await until('the refusal is in the journal', async () =>
      /the new settings are refused.*lgo/u.test(await journal('--priority', 'err')),
    );
    await active();
    expect(await mainPid()).toBe(pid);
    machine.write(settings, source);
  });
});
