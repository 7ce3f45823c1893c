// The Debian package on a clean Debian that boots, with two real nodes: from `apt install` to `apt purge`.
import { cpSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOn, startRig, until, type Rig } from '../e2e/rig.ts';
import { aptInstall, buildDeb, buildLaterDeb, workFolder } from './deb.ts';
import { debianAvailable, startDebian, type Debian } from './debian.ts';

const possible = debianAvailable();
// apt unpacks 125 MB, on whatever machine this is.
const patient = { timeout: 300_000 };
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const unit = 'sync-controller';
const registry = '/etc/sync-controller/registry';
const later = '9.9.9';

describe.skipIf(!possible.available)(`the Debian package on a machine that boots${reason}`, patient, () => {
  let rig: Rig;
  let machine: Debian;
  let deb: string;
  let upgrade: string;
  const work = workFolder();

  beforeAll(async () => {
    [rig, machine, deb, upgrade] = await Promise.all([
      startRig({
        nodes: [
          { type: 'management_laptops', name: 'laptop' },
          { type: 'worker_nodes', name: 'worker' },
        ],
      }),
      startDebian('boot'),
      buildDeb(work),
      buildLaterDeb(work, later),
    ]);
  }, 900_000);
  afterAll(async () => {
    await machine.stop();
    await rig.stop();
    rmSync(work, { recursive: true, force: true });
  });

  const property = async (name: string): Promise<string> =>
    (await machine.must('systemctl', 'show', '--value', '--property', name, unit)).trim();
  const add = (service: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [service]: { subdomain: service, ip: '100.76.150.77', port: 80 },
    }));
    cpSync(rig.registry, join(machine.rootDir, registry), { recursive: true });
  };
  const everywhere = async (service: string): Promise<void> => {
    for (const index of [0, 1])
      await until(`${service} is on node ${String(index)}`, () =>
        fileOn(rig.node(index), 'etc/hosts').includes(`${service}.testcloud.local`),
      );
  };
  /** Files of the running processes that name the product; the search itself does not match its own words. */
  const processes = async (): Promise<string> =>
    (await machine.run('bash', '-c', 'grep -al "sync-controlle[r]" /proc/[0-9]*/cmdline')).stdout;

  it('installs by apt with no network, and starts nothing that nobody has set up', async () => {
    await aptInstall(machine, deb);
    expect(await property('ActiveState')).toBe('inactive');
    expect(await property('UnitFileState')).toBe('disabled');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    for (const program of ['syncctl', 'sync-controller'])
      expect(await machine.must(program, '--version')).toBe(`${version}\n`);
    // No other Node.js is on the machine.
    expect((await machine.run('which', 'node')).code).not.toBe(0);
    expect(await machine.must('dpkg-query', '--show', '--showformat=${Conffiles}', unit)).toContain(
      '/etc/sync-controller/config.yaml',
    );
  });

  it('completes a command line in bash', async () => {
    const script =
      'source /usr/share/bash-completion/completions/syncctl; COMP_WORDS=(syncctl hea); COMP_CWORD=1; _syncctl; echo "${COMPREPLY[@]}"';
    expect(await machine.must('bash', '-c', script)).toBe('health\n');
  });

  it('starts with a configuration, says READY, and pushes to both nodes', async () => {
    cpSync(rig.registry, join(machine.rootDir, registry), { recursive: true });
    machine.write('/root/.ssh/mynodeone_id_ed25519', readFileSync(rig.fleet.clientKey), 0o600);
    machine.write(
      '/etc/sync-controller/config.yaml',
      `source:\n  kind: directory\n  directory: ${registry}\napi:\n  listen: off\n`,
    );
    // The unit is of type notify: this returns once the daemon has said that it is ready.
    await machine.must('systemctl', 'enable', '--now', unit);
    expect([await property('Type'), await property('ActiveState')]).toEqual(['notify', 'active']);
    expect(await property('StatusText')).toBe('pushing to 2 nodes');
    await everywhere('demo');
    const health = JSON.parse(await machine.must('syncctl', 'health', '-o', 'json')) as { counts: unknown };
    expect(health.counts).toMatchObject({ active: 2 });
    expect(statSync(join(machine.rootDir, 'var/lib/sync-controller')).mode & 0o777).toBe(0o700);
  });

  it('survives a restart, and a crash', async () => {
    await machine.must('systemctl', 'restart', unit);
    add('restarted');
    await everywhere('restarted');
    const pid = await property('MainPID');
    expect(await processes()).toContain(`/proc/${pid}/cmdline`);
    await machine.must('systemctl', 'kill', '--signal=KILL', unit);
    await until('systemd has started it again', async () => {
      const [state, now] = [await property('ActiveState'), await property('MainPID')];
      return state === 'active' && now !== pid;
    });
    add('crashed');
    await everywhere('crashed');
  });

  it('comes back with the machine: it is enabled, and what it waits for is there', async () => {
    const wants = '/etc/systemd/system/multi-user.target.wants/sync-controller.service';
    expect(await machine.must('readlink', wants)).toBe('/lib/systemd/system/sync-controller.service\n');
    expect(await machine.must('systemctl', 'list-dependencies', '--plain', 'multi-user.target')).toContain(
      unit,
    );
  });

  it('is upgraded while it runs: a new program, the settings as they were, and the next change goes out', async () => {
    const before = await property('MainPID');
    await aptInstall(machine, upgrade);
    expect(await machine.must('syncctl', '--version')).toBe(`${later}\n`);
    await until(
      'it runs anew',
      async () => (await property('ActiveState')) === 'active' && (await property('MainPID')) !== before,
    );
    expect(await machine.must('cat', '/etc/sync-controller/config.yaml')).toContain('kind: directory');
    add('upgraded');
    await everywhere('upgraded');
  });

  it('is removed: nothing runs, and state, settings and what the nodes hold stay', async () => {
    await machine.must('apt-get', 'remove', '--yes', unit);
    expect(await processes()).toBe('');
    expect(machine.has('/usr/bin/syncctl')).toBe(false);
    expect(machine.has('/usr/lib/sync-controller')).toBe(false);
    expect(machine.has('/var/lib/sync-controller/durable.db')).toBe(true);
    expect(await machine.must('cat', '/etc/sync-controller/config.yaml')).toContain('kind: directory');
    expect(fileOn(rig.node(0), 'etc/hosts')).toContain('upgraded.testcloud.local');
  });

  it('installed again, it goes on where it was', async () => {
    await aptInstall(machine, upgrade);
    await machine.must('systemctl', 'start', unit);
    add('again');
    await everywhere('again');
    const history = JSON.parse(await machine.must('syncctl', 'history', '-o', 'json')) as {
      revisions: readonly unknown[];
    };
    expect(history.revisions.length).toBeGreaterThan(3);
  });

  it('is purged: nothing of it is left on the machine, and nothing runs', async () => {
    await machine.must('apt-get', 'purge', '--yes', unit);
    expect(await processes()).toBe('');
    const left = await machine.must(
      ...['find', '/etc', '/usr', '/var', '/lib', '/run', '/root', '-xdev'],
      ...['(', '-name', '*sync-controller*', '-o', '-name', '*syncctl*', ')', '-print'],
    );
    expect(left.split('\n').filter((path) => path !== '')).toEqual([]);
  });
});
