import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPullRig, type NodeState, type PullRig } from './pull-rig.ts';
import { hasStarted, until } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const possible = systemdAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const [service, timer] = ['sync-controller-pull.service', 'sync-controller-pull.timer'];

const folder = '/etc/sync-controller/pull';

/** A program of another user, which is told by a reload and by a signal. */
const consumer = `[Service]
User=nobody
ExecStart=/bin/sleep infinity
ExecReload=+/bin/touch /run/reloaded
`;
/** What receivers do on nodes of all types, step by step; then what no receiver does. */
const probe = (port: number): string => `set -e
step() { printf '%s\\n' "$1" >/var/lib/probed; }
step 'a target in a home directory, made where nobody watches'
printf 'x\\n' >/home/alice/traefik/.new; chown 1234:1234 /home/alice/traefik/.new; chmod 0640 /home/alice/traefik/.new
sync -- /home/alice/traefik/.new; mv -fT -- /home/alice/traefik/.new /home/alice/traefik/config/routes.yml
step 'a target in /etc'
printf 'x\\n' >/etc/probe.new; mv -fT -- /etc/probe.new /etc/probe.conf
step 'its lock and its records'
exec 8>>/var/lib/sync-controller/probe.lock; flock -n 8; IFS= read -r _ </proc/sys/kernel/random/boot_id
step 'systemctl reload'
systemctl reload consumer
step 'the dead-man timer'
systemd-run --quiet --collect --on-active=1s touch /run/timed
step 'a signal to a process of another user'
pkill -HUP -u nobody -x sleep
step 'a request to this machine'
exec 3<>/dev/tcp/127.0.0.1/${String(port)}; exec 3<&-
curl -q -s -k -o /dev/null https://127.0.0.1:${String(port)}/
step 'the resolver'
getent hosts localhost >/dev/null
step 'what is closed'
closed() { if "$@" 2>/dev/null; then step "still open: $*"; exit 1; fi; }
closed mount -t tmpfs none /mnt
closed unshare --net true
closed touch /usr/probe
closed mknod /root/disk b 8 0
closed setpriv --reuid=1234 true
closed bash -c 'echo 1 >/proc/sys/kernel/sysrq'
step 'all of it'
`;

describe.skipIf(!possible.available)(
  `a node that fetches, under a real systemd${reason}`,
  { timeout: 180_000 },
  () => {
    let rig: PullRig;
    let machine: SystemdMachine;
    const state = async (): Promise<NodeState | undefined> => {
      const { stdout } = await rig.syncctl(['status', '-o', 'json']);
      const { nodes } = JSON.parse(stdout) as { nodes: (NodeState & { readonly name: string })[] };
      return nodes.find(({ name }) => name === 'home-server');
    };
    const hosts = (): string => readFileSync(join(machine.rootDir, 'etc/hosts'), 'utf8');
    beforeAll(async () => {
      rig = await startPullRig({ nodes: [{ type: 'worker_nodes' }], pull: ['hangMs: 2000'] });
      machine = await bootMachine();
      const daemon = rig.daemon();
      await hasStarted(daemon);
    }, 180_000);
    afterAll(async () => {
      await machine.stop();
      await rig.stop();
    });

    it('is set up by one line, units and all, and systemd has no remark on them', async () => {
      const words = ['node', 'add', '192.168.1.20', '--type', 'laptop', '--name', 'home-server', '--pull'];
      const { stdout } = await rig.syncctl(words);
      const line = stdout.trim().replace(/sudo bash$/u, 'bash');
      const joined = await machine.run('bash', '-c', line);
      expect([joined.code, joined.stderr]).toEqual([
        0,
        expect.stringContaining('fetches its configuration from'),
      ]);
      const verified = await machine.run('systemd-analyze', 'verify', '--man=no', service, timer);
      expect([verified.code, verified.stdout + verified.stderr]).toEqual([0, '']);
      await until('it is active', async () => (await state())?.state === 'active');
      expect(hosts()).toContain('demo.testcloud.local');
      expect((await machine.run('systemctl', 'is-enabled', timer)).stdout.trim()).toBe('enabled');
      expect((await machine.run('systemctl', 'is-active', service)).stdout.trim()).toBe('active');
    });

    it('is started again by its timer, whatever has ended it', async () => {
      await machine.run('systemctl', 'kill', '--signal=KILL', service);
      await until(
        'it is gone',
        async () => (await machine.run('systemctl', 'is-active', service)).code !== 0,
      );
      rig.edit('service-registry', 'services.json', (services: object) => ({
        ...services,
        again: { subdomain: 'again', ip: '100.76.150.77', port: 80 },
      }));
      await until('it has what it missed', () => hosts().includes('again.testcloud.local'), 120_000);
      expect((await machine.run('systemctl', 'is-active', service)).stdout.trim()).toBe('active');
    });

    it('comes back by itself after a reboot, with what it was set up with, and its next visit is verified', async () => {
      const before = await state();
      await machine.reboot();
      rig.edit('service-registry', 'services.json', (services: object) => ({
        ...services,
        rebooted: { subdomain: 'rebooted', ip: '100.76.150.78', port: 80 },
      }));
      await until('it has what came meanwhile', () => hosts().includes('rebooted.testcloud.local'), 120_000);
      await until('it is verified', async () => (await state())?.state === 'active');
      expect((await state())?.pull?.lastVisit).not.toBe(before?.pull?.lastVisit);
      expect((await machine.run('systemctl', 'is-active', timer)).stdout.trim()).toBe('active');
      const kept = await machine.run(
        'stat',
        '-c',
        '%a %n',
        ...['token', 'config'].map((name) => `${folder}/${name}`),
      );
      expect(kept.stdout).toBe(`600 ${folder}/token\n600 ${folder}/config\n`);
    });

    it('is closed to what it never needs', async () => {
      const words = ['security', '--offline=true', '--no-pager', '--threshold=30'];
      const { code, stdout } = await machine.run(
        'systemd-analyze',
        ...words,
        `/etc/systemd/system/${service}`,
      );
      expect([code, stdout.split('\n').at(-2)]).toEqual([
        0,
        expect.stringMatching(/exposure level .*: [0-2]\.\d /u),
      ]);
    });

    it('leaves the receiver all that targets and consumers of any type take, and nothing beyond', async () => {
      const unit = (await machine.run('cat', `/etc/systemd/system/${service}`)).stdout;
      const probing = unit
        .replace(/^ExecStart=.*$/mu, 'ExecStart=/bin/bash /root/probe.sh')
        .replace('Type=simple', 'Type=oneshot');
      machine.write('/etc/systemd/system/probe.service', probing);
      machine.write('/etc/systemd/system/consumer.service', consumer);
      machine.write('/root/probe.sh', probe(rig.port));
      await machine.run(
        'install',
        '-d',
        '-o',
        '1234',
        '-g',
        '1234',
        '/home/alice/traefik',
        '/home/alice/traefik/config',
      );
      await machine.run('systemctl', 'daemon-reload');
      expect((await machine.run('systemctl', 'start', 'consumer')).code).toBe(0);
      await machine.run('systemctl', 'start', 'probe');
      expect((await machine.run('cat', '/var/lib/probed')).stdout).toBe('all of it\n');
      expect((await machine.run('cat', '/run/reloaded')).code).toBe(0);
      await until(
        'its timer has run',
        async () => (await machine.run('test', '-e', '/run/timed')).code === 0,
      );
      const made = await machine.run('stat', '-c', '%u %a', '/home/alice/traefik/config/routes.yml');
      expect(made.stdout).toBe('1234 640\n');
    });

    it('ends within moments when it is told to, and lets nothing half done', async () => {
      const stopped = await machine.run('systemctl', 'stop', timer, service);
      expect(stopped.code).toBe(0);
      const { stdout } = await machine.run('systemctl', 'show', '--value', '--property', 'Result', service);
      expect(stdout.trim()).toBe('success');
    });
  },
);
