import { cpSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { saidOn, startPullRig, type PullRig } from './pull-rig.ts';
import { fileOn, hasStarted, until, type Daemon } from './rig.ts';

const available = fleetAvailable('namespaces').available;

/** Puts a service of this name into the registry. */
function addService(rig: PullRig, name: string): void {
  rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
    ...services,
    [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
  }));
}

const has = (rig: PullRig, index: number, name: string): boolean =>
  rig.hosts(index).includes(`${name}.testcloud.local`);

describe.skipIf(!available)('a node that nobody can reach', { timeout: 120_000 }, () => {
  let rig: PullRig;
  let daemon: Daemon;
  const isActive = async (): Promise<boolean> => {
    const { state, verified } = await rig.stateOf(0);
    return state === 'active' && verified;
  };
  const begin = async (): Promise<void> => {
    daemon = rig.daemon();
    await hasStarted(daemon);
  };
  beforeAll(async () => {
    rig = await startPullRig({
      nodes: [{ type: 'worker_nodes', name: 'home' }],
      pull: ['hangMs: 2000', 'silentPeriods: 2'],
    });
    // No sshd: what reaches it comes by its own visits.
    await rig.node(0).stopSshd({ keepSessions: false });
    await begin();
  }, 120_000);
  afterAll(async () => {
    await rig.stop();
  });

  it('does nothing where the line breaks off', async () => {
    const { stdout } = await rig.syncctl(['node', 'add', rig.node(0).address, '--type', 'worker', '--pull']);
    for (const cut of ['1000', '-9000', '-20', '-4']) {
      const line = stdout.trim().replace('| sudo bash', `| head -c ${cut} | sudo bash`);
      await rig.node(0).run(`bash -c "$(cat <<'LINE'\n${line}\nLINE\n)"`);
      expect([cut, existsSync(join(rig.node(0).rootDir, 'etc/sync-controller'))]).toEqual([cut, false]);
    }
  });

  it('joins by one line, and is verified after its first visit', async () => {
    const line = await rig.join(0);
    await rig.visit(0);
    await until('it is active', isActive);
    expect(has(rig, 0, 'demo')).toBe(true);
    expect(await rig.stateOf(0)).toMatchObject({ pull: { here: true } });
    const { stdout } = await rig.syncctl(['node', 'show', 'home']);
    expect(stdout).toMatch(/Pull: +connected, waits for changes/u);
    const secret = /scn_[0-9a-f]{64}/u.exec(line)?.[0] ?? 'none';
    const folder = 'etc/sync-controller/pull';
    expect(fileOn(rig.node(0), `${folder}/token`)).toContain(secret);
    for (const name of ['token', 'config'])
      expect(statSync(join(rig.node(0).rootDir, folder, name)).mode & 0o777).toBe(0o600);
    // Nothing that lives longer than a moment shows it.
    const { stdout: processes } = await rig.node(0).run('cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    expect(processes).toContain('pull-node');
    expect(processes).not.toContain(secret);
    expect(daemon.said()).not.toContain(secret);
  });

  it('gets a change while it waits, and not by its next period', async () => {
    addService(rig, 'fresh');
    await until('the change is there', () => has(rig, 0, 'fresh'));
    await until('it is active', isActive);
  });

  it('repairs drift by its own check in a pass over the fleet', async () => {
    const path = join(rig.node(0).rootDir, 'etc/hosts');
    writeFileSync(path, readFileSync(path, 'utf8').replace('fresh.testcloud.local', 'other.testcloud.local'));
    const { stdout } = await rig.syncctl(['reconcile', '-o', 'json']);
    const report = JSON.parse(stdout) as { nodes: { name: string; verified: boolean; changed: boolean }[] };
    expect(report.nodes.find(({ name }) => name === 'home')).toMatchObject({ verified: true, changed: true });
    expect(has(rig, 0, 'fresh')).toBe(true);
  });

  it('runs once however often it is started', async () => {
    const again = await rig.node(0).run('/usr/local/lib/sync-controller/pull-node --once; echo $?');
    expect(again.stdout.trim()).toBe('0');
    expect(again.stderr).toBe('');
  });

  it('comes back by itself when the controller has been restarted', async () => {
    await daemon.stop();
    addService(rig, 'restarted');
    await begin();
    await until('the change is there', () => has(rig, 0, 'restarted'));
    await until('it is active', isActive);
  });

  it('is verified anew where the controller died before the receipt came', async () => {
    // The receiver of the node waits at the door while the controller is killed.
    const node = rig.node(0);
    const link = '/usr/local/lib/sync-controller/receive';
    await node.run(
      `mv ${link} ${link}.real && printf '%s\\n' '#!/bin/bash' 'touch /run/begun' '${link}.real; code=$?' 'while [[ -e /run/hold ]]; do sleep 0.05; done; exit $code' >${link} && chmod 755 ${link}; touch /run/hold; rm -f /run/begun`,
    );
    addService(rig, 'killed');
    await until('it is applied', () => has(rig, 0, 'killed'));
    await daemon.stop('SIGKILL');
    await node.run(`rm -f /run/hold; mv -f ${link}.real ${link}`);
    await begin();
    await until('it is active', isActive);
    expect(has(rig, 0, 'killed')).toBe(true);
  });

  it('is pending with a cause of its own when it falls silent, says since when, and is pushed when it comes again', async () => {
    await rig.leave(0);
    await until('its silence is seen', async () => (await rig.stateOf(0)).state === 'pending_sync');
    const state = await rig.stateOf(0);
    expect(state).toMatchObject({ cause: 'pull_silent', pull: { here: false } });
    expect(state.evidence).toMatch(/came last at \d{4}-\d\d-\d\dT/u);
    expect(state.remedy).toContain('sync-controller-pull');
    addService(rig, 'later');
    await rig.visit(0);
    await until('it has what it missed', () => has(rig, 0, 'later'));
    await until('it is active', isActive);
  });

  it('applies nothing where the download is cut, and gets it with its next visit', async () => {
    await rig.leave(0);
    // A curl that loses the last half of every request it fetches, while /run/cut is there.
    const shim =
      '#!/bin/bash\n/usr/bin/curl "$@"; code=$?\nfile=""; while (($#)); do [[ $1 == -o ]] && file=$2; shift; done\n' +
      'if [[ -e /run/cut && -s $file ]]; then touch /run/was-cut; truncate -s $(($(stat -c %s "$file") * 2 / 3)) "$file"; fi\nexit $code\n';
    writeFileSync(join(rig.node(0).rootDir, 'usr/local/bin/curl'), shim, { mode: 0o755 });
    await rig.node(0).run('touch /run/cut');
    await rig.visit(0);
    addService(rig, 'whole');
    await until('a request was cut', () => existsSync(join(rig.node(0).rootDir, 'run/was-cut')));
    await until('the controller knows', async () => (await rig.stateOf(0)).state !== 'active');
    expect(has(rig, 0, 'whole')).toBe(false);
    await rig.node(0).run('rm -f /run/cut /usr/local/bin/curl');
    await until('the whole of it is there', () => has(rig, 0, 'whole'));
    await until('it is active', isActive);
  });

  it('gets nothing while it is frozen', async () => {
    expect((await rig.syncctl(['freeze', 'home', '--for', '1h', '--reason', 'test'])).code).toBe(0);
    const changes = (): number => daemon.said().split('registry changed').length;
    const before = changes();
    addService(rig, 'frozen');
    await until('the change is planned', () => changes() > before);
    await rig.leave(0);
    await rig.visit(0);
    await until('it has asked again', async () => (await rig.stateOf(0)).pull?.here === true);
    expect(has(rig, 0, 'frozen')).toBe(false);
    expect((await rig.syncctl(['unfreeze', 'home'])).code).toBe(0);
    await until('it has it now', () => has(rig, 0, 'frozen'));
    await until('it is active', isActive);
  });

  it('refuses what an old copy of the controller sends under its lower term', async () => {
    const [state, old] = [join(rig.folder, 'state'), join(rig.folder, 'state-old')];
    await daemon.stop();
    cpSync(state, old, { recursive: true });
    // Meanwhile the controller goes on for two terms.
    for (let round = 0; round < 2; round += 1) {
      await begin();
      await until('the node has accepted the term', async () =>
        (await fencesOn(rig)).includes(epochs(daemon).at(-1) ?? NaN),
      );
      if (round === 1) await rig.leave(0);
      await daemon.stop();
    }
    const newest = Math.max(...(await fencesOn(rig)));
    renameSync(state, `${state}-new`);
    renameSync(old, state);
    // It asks nobody who could tell it better.
    await begin();
    expect(epochs(daemon).at(-1)).toBeLessThan(newest);
    addService(rig, 'old-copy');
    await rig.visit(0);
    // An old record is overruled by a term above it, once a minute at most: not one byte comes under the lower one.
    await until(
      'a term above that of the node has begun',
      () => (epochs(daemon).at(-1) ?? 0) > newest,
      150_000,
    );
    await until('it is active', isActive);
    const fences = await fencesOn(rig);
    expect(fences).toEqual(fences.toSorted((one, two) => one - two));
    await daemon.stop();
  }, 300_000);

  it('is let in no more once it is removed', async () => {
    await begin();
    await until('it is active', isActive);
    const removed = await rig.syncctl(['node', 'remove', 'home', '--yes']);
    expect([removed.code, removed.stderr]).toEqual([0, removed.stderr]);
    expect(rig.hosts(0)).not.toContain('BEGIN sync-controller');
    await until('its token is refused', () => saidOn(rig, 0).includes('does not know our token'));
    await rig.leave(0);
  });
});

/** The epochs that a node has accepted, in order. */
async function fencesOn(rig: PullRig): Promise<readonly number[]> {
  const { stdout } = await rig.node(0).run('cat /var/lib/sync-controller/clusters/*/hosts/journal');
  return [...stdout.matchAll(/^SC1 fence (\d+) /gmu)].map((match) => Number(match[1]));
}

/** The epochs of the terms that a daemon has begun. */
function epochs(daemon: Daemon): readonly number[] {
  return [...daemon.said().matchAll(/term begun.*epoch=(\d+)/gu)].map((match) => Number(match[1]));
}

describe.skipIf(!available)('a rollout with a node that fetches', { timeout: 120_000 }, () => {
  let rig: PullRig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startPullRig({
      nodes: [
        { type: 'worker_nodes', name: 'home' },
        { type: 'worker_nodes', name: 'office' },
      ],
      pull: ['hangMs: 500'],
      settings: 'rollout:\n  canaries: {names: [office]}\n  batches: [1]\n  soakMs: 10000\n',
    });
    daemon = rig.daemon();
    await hasStarted(daemon);
    await rig.join(0);
    await rig.node(0).stopSshd({ keepSessions: false });
    await rig.visit(0);
    const areActive = async (): Promise<boolean> =>
      (await rig.stateOf(0)).state === 'active' && (await rig.stateOf(1)).state === 'active';
    await until('both have the first plan', areActive);
  }, 180_000);
  afterAll(async () => {
    await rig.stop();
  });

  it('keeps the new plan from it until its turn comes, however often it asks', async () => {
    addService(rig, 'rolled');
    await until('the canary has it', () => has(rig, 1, 'rolled'));
    expect((await rig.syncctl(['rollout', 'pause', '--reason', 'test'])).code).toBe(0);
    const before = (await rig.stateOf(0)).pull?.lastVisit;
    await until('it has asked again', async () => (await rig.stateOf(0)).pull?.lastVisit !== before);
    // A return is a reason to push, and no way round the rollout.
    await rig.leave(0);
    await rig.visit(0);
    await until('it is here', async () => (await rig.stateOf(0)).pull?.here === true);
    await rig.syncctl(['reconcile']);
    expect(has(rig, 0, 'rolled')).toBe(false);
    expect(has(rig, 0, 'demo')).toBe(true);
    expect((await rig.syncctl(['rollout', 'resume'])).code).toBe(0);
    await until('its turn has come', () => has(rig, 0, 'rolled'));
  });
});
