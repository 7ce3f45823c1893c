import { copyFileSync, cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/lib/errors.ts';
import { startRig, until, fileOn, type Rig } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const possible = systemdAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const registry = '/var/lib/sync-controller/registry';
const settings = '/etc/sync-controller/config.yaml';
const dropIn = '/etc/systemd/system/sync-controller.service.d/test.conf';
const source = `source:\n  kind: directory\n  directory: ${registry}\n`;

describe.skipIf(!possible.available)(`the unit under a real systemd${reason}`, () => {
  let rig: Rig;
  let machine: SystemdMachine;
  const systemctl = (...words: readonly string[]) => machine.run('systemctl', ...words);
  const mainPid = (): Promise<string> => machine.property('MainPID');
  const active = (): Promise<void> =>
    until('the unit is active', async () => (await machine.property('ActiveState')) === 'active');
  const journal = async (...words: readonly string[]): Promise<string> =>
    (await machine.run('journalctl', '--unit', 'sync-controller', '--output', 'cat', ...words)).stdout;
  /** Brings the rig's registries to where the unit reads them. */
  const bring = (): void => {
    for (const name of ['service-registry', 'sync-controller-registry', 'domain-registry'])
      copyFileSync(join(rig.registry, `${name}.json`), join(machine.rootDir, registry, `${name}.json`));
  };
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
    bring();
  };
  const everywhere = async (name: string): Promise<void> => {
    for (const index of [0, 1])
      await until(`${name} is on node ${String(index)}`, () =>
        fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`),
      );
  };

  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'worker' },
      ],
    });
    machine = await bootMachine();
    mkdirSync(join(machine.rootDir, registry), { recursive: true });
    cpSync(rig.registry, join(machine.rootDir, registry), { recursive: true });
    machine.write('/root/.ssh/mynodeone_id_ed25519', readFileSync(rig.fleet.clientKey, 'utf8'));
    machine.write(settings, source);
  });
  afterAll(async () => {
    await machine.stop();
    await rig.stop();
  });

  it('is understood by systemd without a remark, and rated OK', async () => {
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
    const started = await systemctl('enable', '--now', 'sync-controller');
    expect([started.code, await machine.property('ActiveState')]).toEqual([0, 'active']);
    expect(await machine.property('StatusText')).toBe('pushing to 2 nodes');
    await everywhere('demo');
  });

  it('is held to what it needs: no capability but reading, filtered system calls, writable folders of its own alone', async () => {
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
    const status = JSON.parse((await machine.run('syncctl', 'status', '-o', 'json')).stdout) as {
      daemon: boolean;
      pid: number;
    };
    expect(status).toMatchObject({ daemon: true, pid: Number(await mainPid()) });
  });

  it('writes to the journal with the priorities of its lines', async () => {
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
    machine.write(settings, `${source}log:\n  level: debug\n`);
    expect((await systemctl('reload', 'sync-controller')).code).toBe(0);
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

  it('feeds the watchdog again and again; a daemon that hangs is replaced', async () => {
    machine.write(dropIn, '[Service]\nWatchdogSec=2\nRestartSec=0\nTimeoutStopSec=10\nTimeoutAbortSec=1\n');
    await systemctl('daemon-reload');
    await systemctl('restart', 'sync-controller');
    const seen = new Set<string>();
    await until(
      'the watchdog was fed three times',
      async () => seen.add(await machine.property('WatchdogTimestampMonotonic')).size > 3,
    );
    const hung = await mainPid();
    await machine.run('kill', '-STOP', hung);
    await until('systemd has replaced it', async () => ![hung, '0'].includes(await mainPid()));
    await active();
    expect(await machine.property('NRestarts')).toBe('1');
    add('afterhang');
    await everywhere('afterhang');
  });

  it('stops by itself within ten seconds while a node hangs, and what the others have earned is stored', async () => {
    await systemctl('restart', 'sync-controller');
    await everywhere('afterhang');
    await rig.node(0).freeze();
    const verified = async (): Promise<number> =>
      (await journal()).split('synced and verified: worker').length;
    const before = await verified();
    add('last');
    await until('the other node is verified', async () => (await verified()) > before);
    await systemctl('stop', 'sync-controller');
    // With TimeoutStopSec=10 a longer stop would be Result=timeout.
    expect([await machine.property('Result'), await machine.property('ExecMainStatus')]).toEqual([
      'success',
      '0',
    ]);
    await rig.node(0).thaw();
    const health = JSON.parse((await machine.run('syncctl', 'health', '-o', 'json')).stdout) as {
      nodes: { name: string; state: string; lastSync: string }[];
    };
    expect(health.nodes.find((node) => node.name === 'worker')).toMatchObject({ state: 'active' });
  });

  it('runs ssh and ssh-keygen for the OpenSSH adapter', async () => {
    machine.write(settings, `${source}ssh:\n  adapter: openssh\n`);
    await systemctl('start', 'sync-controller');
    add('openssh');
    await everywhere('openssh');
    machine.write(settings, source);
    await systemctl('stop', 'sync-controller');
  });

  it('keeps registries below /etc/sync-controller too; a folder that it may not write is named with what mends it', async () => {
    const below = '/etc/sync-controller/registry';
    for (const folder of [below, '/srv/registry'])
      cpSync(rig.registry, join(machine.rootDir, folder), { recursive: true });
    machine.write(settings, source.replace(registry, below));
    await systemctl('start', 'sync-controller');
    expect(JSON.parse((await machine.run('syncctl', 'status', '-o', 'json')).stdout)).toMatchObject({
      standing: 'writing',
      source: { location: below },
    });
    machine.write(settings, source.replace(registry, '/srv/registry'));
    await systemctl('restart', 'sync-controller');
    expect(await journal('--priority', 'warning')).toMatch(
      /\/srv\/registry.*check that you may write to \/srv\/registry/u,
    );
    expect(await machine.property('ActiveState')).toBe('active');
    await systemctl('stop', 'sync-controller');
    machine.write(settings, source);
  });

  it('comes back after a kill, and stays down where a restart cannot mend it', async () => {
    await systemctl('start', 'sync-controller');
    const killed = await mainPid();
    await machine.run('kill', '-KILL', killed);
    await until('it runs again', async () => ![killed, '0'].includes(await mainPid()));
    await active();
    await systemctl('stop', 'sync-controller');
    // 127 is the shebang's: no runtime.
    expect(await machine.property('RestartPreventExitStatus')).toBe(
      `${String(exitCodes.usage)} ${String(exitCodes.config)} 127`,
    );
    machine.write(settings, `${source}retry:\n  attempts: many\n`);
    expect((await systemctl('start', 'sync-controller')).code).not.toBe(0);
    await until('it has failed for good', async () => (await machine.property('ActiveState')) === 'failed');
    expect([await machine.property('ExecMainStatus'), await machine.property('NRestarts')]).toEqual([
      String(exitCodes.config),
      '0',
    ]);
    expect(await journal('--lines', '1', '--priority', 'err')).toMatch(/config\.yaml.*retry\.attempts/u);
  });
});
