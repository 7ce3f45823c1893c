import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet } from '../fleet/types.ts';
import { digestOf, legacyHosts } from './takeover-rig.ts';
import { fileOn } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const ready = fleetAvailable('namespaces').available && systemdAvailable().available;
const scripts = '/root/MyNodeOne/scripts';
const journal = '/var/lib/sync-controller/adoption.json';

const [killer, killedAt] = ['/run/kill-at.mjs', '/run/killed-at'];
// Loaded into the command before its own code: kill -9 as its journal is put in its place, or right after.
const killerText = `import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const [moment, state, count] = process.env.KILL_AT.split(' ');
let left = Number(count);
const { renameSync } = fs;
const deedsIn = (path) => {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8').split('\\n')[0]).deeds;
  } catch {
    return [];
  }
};
fs.renameSync = (from, to) => {
  const known = to === '${journal}' ? deedsIn(to) : [];
  const next = to === '${journal}' ? deedsIn(from) : [];
  const found = next.find((deed) => deed.state === state && known.find(({ id }) => id === deed.id)?.state !== state);
  const isMeant = found !== undefined && --left === 0;
  const die = () => {
    fs.writeFileSync('${killedAt}', moment + ' ' + state + ' ' + found.id);
    process.kill(process.pid, 'SIGKILL');
  };
  if (isMeant && moment === 'before') die();
  renameSync(from, to);
  if (isMeant) die();
};
syncBuiltinESMExports();
`;

describe.skipIf(!ready)('an adoption that is killed', { timeout: 900_000 }, () => {
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
  /** Every kill that was made: the moment, and the step whose record was to change. */
  const kills: string[] = [];
  /** Has the command die as the journal takes up the next step in a state; 0 where it ended before. */
  const killed = async (words: string, moment: string): Promise<number | null> => {
    const line = `NODE_OPTIONS=--import=${killer} KILL_AT='${moment}' syncctl adopt ${words} --yes; exit $?`;
    const { code, stderr } = await machine.run('bash', '-c', line);
    expect([0, 137, stderr]).toContain(code);
    if (code === 137) kills.push(readFileSync(join(machine.rootDir, killedAt), 'utf8'));
    return code;
  };
  /**
   * Kills a run at each of these moments, and all that follow at the last of them, until one gets through. What broke off is the first
   * to change in the next run, so that the second change is the next step's.
   */
  const killedEverywhere = async (words: string, moments: readonly string[]): Promise<void> => {
    kills.length = 0;
    for (let run = 0; run < 40; run += 1) {
      if ((await killed(words, moments[run] ?? moments.at(-1) ?? '')) === 0) return;
      expect(hosts()).toContain('10.0.0.7 nas nas.lan # mine');
      await onlyOneWrites();
    }
    throw new Error(`it never got through: ${kills.join(', ')}`);
  };
  /** While the predecessor runs we only observe. */
  const onlyOneWrites = async (): Promise<void> => {
    const unit = 'mynodeone-sync-controller';
    const { stdout } = await machine.run('systemctl', 'show', '-p', 'Id', '-p', 'ActiveState', unit);
    const settings = readFileSync(join(machine.rootDir, 'etc/sync-controller/config.yaml'), 'utf8');
    if (stdout.includes(`Id=${unit}`) && stdout.includes('ActiveState=active'))
      expect(settings).toMatch(/^observeOnly: true$/mu);
  };
  const steps = (): readonly string[] => {
    const text = readFileSync(join(machine.rootDir, journal), 'utf8').split('\n')[0] ?? '';
    return (JSON.parse(text) as { deeds: { id: string }[] }).deeds.map(({ id }) => id);
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
    put(killer, killerText);
    const ran = await machine.run('syncctl', 'init', '--takeover', '--yes', '--no-start');
    expect(ran).toMatchObject({ code: 0 });
    before = everything();
  }, 400_000);
  afterAll(async () => {
    await machine.stop();
    await fleet.stop();
  });

  it('goes on where it broke off, at every step and however often, and converges', async () => {
    await killedEverywhere('', ['after begun 1', 'before done 1', 'before done 2']);
    expect(steps().length).toBeGreaterThan(5);
    expect(kills).toContain(`after begun ${steps()[0] ?? ''}`);
    expect(kills).toEqual(expect.arrayContaining(steps().map((id) => `before done ${id}`)));
    const { code, stderr } = await machine.run('syncctl', 'adopt', '--yes');
    expect([code, stderr]).toEqual([0, expect.stringContaining('laptop is active')]);
    expect(hosts()).toContain('demo.minicloud.local');
    expect(hosts()).not.toContain('MyNodeOne');
    expect(fileOn(fleet.node(0), 'home/node/MyNodeOne/scripts/sync-dns.sh')).toContain('Disarmed');
    const shown = await machine.run('systemctl', 'show', '-p', 'Id', 'mynodeone-sync-controller');
    expect(shown.stdout).toContain('Id=sync-controller.service');
  });

  it('goes back where the way back broke off, to the last byte', async () => {
    const all = steps();
    await killedEverywhere('--undo', ['before undone 1', 'before undone 2']);
    expect(kills).toEqual(expect.arrayContaining(all.map((id) => `before undone ${id}`)));
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
