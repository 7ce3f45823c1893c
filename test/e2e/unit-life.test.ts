import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/lib/errors.ts';
import { until } from './rig.ts';
import { systemdAvailable } from './systemd/machine.ts';
import { registry, settings, source, startUnitRig, type UnitRig } from './unit-rig.ts';

const dropIn = '/etc/systemd/system/sync-controller.service.d/test.conf';
const possible = systemdAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;

describe.skipIf(!possible.available)(`the life of the unit: hangs, stops, kills${reason}`, () => {
  let world: UnitRig;
  beforeAll(async () => {
    world = await startUnitRig();
  });
  afterAll(async () => {
    await world.stop();
  });

  it('feeds the watchdog again and again; a daemon that hangs is replaced', async () => {
    const { machine, systemctl, active, mainPid, add, everywhere } = world;
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
    const { rig, machine, systemctl, journal, add, everywhere } = world;
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
    const { machine, systemctl, add, everywhere } = world;
    machine.write(settings, `${source}ssh:\n  adapter: openssh\n`);
    await systemctl('start', 'sync-controller');
    add('openssh');
    await everywhere('openssh');
    machine.write(settings, source);
    await systemctl('stop', 'sync-controller');
  });

  it('keeps registries below /etc/sync-controller too; a folder that it may not write is named with what mends it', async () => {
    const { rig, machine, systemctl, journal } = world;
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
    // Another folder may be another cluster, so what is remembered of the one before does not stand in for it.
    expect(await machine.property('ActiveState')).not.toBe('active');
    await systemctl('stop', 'sync-controller');
    machine.write(settings, source);
  });

  it('comes back after a kill, and stays down where a restart cannot mend it', async () => {
    const { machine, systemctl, journal, active, mainPid } = world;
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
    expect(await systemctl('start', 'sync-controller')).not.toBe(0);
    await until('it has failed for good', async () => (await machine.property('ActiveState')) === 'failed');
    expect([await machine.property('ExecMainStatus'), await machine.property('NRestarts')]).toEqual([
      String(exitCodes.config),
      '0',
    ]);
    expect(await journal('--lines', '1', '--priority', 'err')).toMatch(/config\.yaml.*retry\.attempts/u);
  });
});
