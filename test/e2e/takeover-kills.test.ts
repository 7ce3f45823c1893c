import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { CommandResult, Fleet } from '../fleet/types.ts';
import { digestOf, legacyHosts } from './takeover-rig.ts';
import { fileOn, until } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const ready = fleetAvailable('namespaces').available && systemdAvailable().available;
const scripts = '/root/MyNodeOne/scripts';
const journal = '/var/lib/sync-controller/adoption.json';

describe.skipIf(!ready)('an adoption that is killed', { timeout: 400_000 }, () => {
  let fleet: Fleet;
  let machine: SystemdMachine;
  let before: string;

  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(machine.rootDir, path)), { recursive: true });
    writeFileSync(join(machine.rootDir, path), text);
    chmodSync(join(machine.rootDir, path), mode);
  };
  const everything = (): string =>
    digestOf([
      ...['etc/hosts', 'etc/sync-controller', 'usr/local/lib', 'var/lib/sync-controller', 'home'].map(
        (path) => join(fleet.node(0).rootDir, path),
      ),
      ...['root/MyNodeOne', 'etc/systemd/system', 'etc/sync-controller/config.yaml'].map((path) =>
        join(machine.rootDir, path),
      ),
    ]);
  const isDone = (state: string): number => {
    try {
      const text = readFileSync(join(machine.rootDir, journal), 'utf8');
      return text.split(`"state":"${state}"`).length - 1;
    } catch {
      return 0;
    }
  };
  /** Kills the command as soon as its journal has so many steps in a state. */
  const killed = async (words: string, state: string, steps: number): Promise<CommandResult> => {
    const line = `syncctl adopt ${words} --yes & echo $! >/run/adopt.pid; wait $!`;
    const ran = machine.run('bash', '-c', line);
    await until(`${String(steps)} steps are ${state}`, () => isDone(state) >= steps, 200_000);
    await machine.run('bash', '-c', 'kill -9 "$(cat /run/adopt.pid)"');
    return ran;
  };
  const hosts = (): string => fileOn(fleet.node(0), 'etc/hosts');

  beforeAll(async () => {
    fleet = await startFleet({ nodes: [{ name: 'laptop', hosts: legacyHosts }], storage: 'tmpfs' });
    machine = await bootMachine();
    const { address, hostKeys } = fleet.node(0);
    const row = {
      ip: address,
      name: 'laptop',
      ssh_user: 'node',
      repo_path: '/home/node/MyNodeOne',
      status: 'active',
    };
    const manifest = (name: string, data: object): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'kube-system' },
        data,
      });
    const objects = {
      'service-registry': {
        'services.json': '{"demo":{"subdomain":"demo","ip":"100.76.150.207","port":80}}',
      },
      'sync-controller-registry': {
        'registry.json': JSON.stringify({ management_laptops: [row], vps_nodes: [], worker_nodes: [] }),
      },
      'domain-registry': { 'domains.json': '{"domains":{},"vps_nodes":[]}', 'routing.json': '{}' },
      'cluster-info': { 'cluster-name': 'home', 'cluster-domain': 'minicloud' },
    };
    for (const [name, data] of Object.entries(objects))
      put(`/etc/sync-controller/registry/${name}.json`, manifest(name, data));
    put(`${scripts}/lib/sync-controller.sh`, '#!/bin/bash\nexec sleep infinity\n', 0o755);
    put(`${scripts}/manage-app-visibility.sh`, '#!/bin/bash\ntrue\n', 0o750);
    const unit = `[Unit]\nDescription=old\n[Service]\nWorkingDirectory=/root/MyNodeOne\nExecStart=${scripts}/lib/sync-controller.sh daemon 1\n[Install]\nWantedBy=multi-user.target\n`;
    put('/etc/systemd/system/mynodeone-sync-controller.service', unit);
    put('/root/.ssh/mynodeone_id_ed25519', readFileSync(fleet.clientKey, 'utf8'), 0o600);
    const known = hostKeys.map((key) => `${address} ${key.split(' ').slice(0, 2).join(' ')}\n`).join('');
    put('/root/.ssh/known_hosts', known, 0o600);
    await machine.run('systemctl', 'daemon-reload');
    await machine.run('systemctl', 'enable', '--now', 'mynodeone-sync-controller');
    const node = join(fleet.node(0).rootDir, 'home/node/MyNodeOne/scripts');
    mkdirSync(node, { recursive: true });
    writeFileSync(join(node, 'sync-dns.sh'), '#!/bin/bash\necho old\n', { mode: 0o755 });
    const ran = await machine.run('syncctl', 'init', '--takeover', '--yes', '--no-start');
    expect(ran).toMatchObject({ code: 0 });
    before = everything();
  }, 400_000);
  afterAll(async () => {
    await machine.stop();
    await fleet.stop();
  });

  it('goes on where it broke off, however often, and converges', async () => {
    for (const steps of [1, 3, 5]) {
      expect((await killed('', 'done', steps)).code).toBe(137);
      expect(hosts()).toContain('10.0.0.7 nas nas.lan # mine');
    }
    const { code, stderr } = await machine.run('syncctl', 'adopt', '--yes');
    expect([code, stderr]).toEqual([0, expect.stringContaining('laptop is active')]);
    expect(hosts()).toContain('demo.minicloud.local');
    expect(hosts()).not.toContain('MyNodeOne');
    expect(fileOn(fleet.node(0), 'home/node/MyNodeOne/scripts/sync-dns.sh')).toContain('Disarmed');
    const shown = await machine.run('systemctl', 'show', '-p', 'Id', 'mynodeone-sync-controller');
    expect(shown.stdout).toContain('Id=sync-controller.service');
  });

  it('goes back where the way back broke off, to the last byte', async () => {
    for (const steps of [1, 4]) expect((await killed('--undo', 'undone', steps)).code).toBe(137);
    expect(await machine.run('syncctl', 'adopt', '--undo', '--yes')).toMatchObject({ code: 0 });
    expect(hosts()).toBe(legacyHosts);
    expect(everything()).toBe(before);
    const active = await machine.run('systemctl', 'is-active', 'mynodeone-sync-controller');
    expect(active.stdout.trim()).toBe('active');
  });

  it('says where nothing is left to take back', async () => {
    const { code, stderr } = await machine.run('syncctl', 'adopt', '--undo', '--yes');
    expect(code).toBe(66);
    expect(stderr).toContain('expected an adoption, got none');
  });
});
