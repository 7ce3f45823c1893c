// syncctl upgrade on real nodes: an old receiver, one that we may not replace, a newer one, none at all, and a node that is away.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { installOtherVersion, ownVersion } from '../support/other-receiver.ts';
import { fileOn, startRig, until, type Ran, type Rig } from './rig.ts';

const possible = fleetAvailable('namespaces');
const receive = '/usr/local/lib/sync-controller/receive';
const names = ['old', 'held', 'newer', 'bare', 'away'] as const;

interface Report {
  readonly version: string;
  readonly nodes: readonly { name: string; from: string | null; action: string; result: string | null }[];
}

describe.skipIf(!possible.available)('syncctl upgrade', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ nodes: names.map((name) => ({ type: 'worker_nodes', name })) });
    expect((await rig.syncctl(['push', 'old', 'held', 'newer', 'away'])).code).toBe(0);
    installOtherVersion(rig.node(0), '0.9.0');
    installOtherVersion(rig.node(1), '0.9.0');
    installOtherVersion(rig.node(2), '99.0.0');
    restrict(1);
    await rig.node(4).stopSshd();
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** The two lines of docs/operations.md, as an admin writes them by hand. */
  const restrict = (index: number): void => {
    const { rootDir, user } = rig.node(index);
    const keys = join(rootDir, `home/${user}/.ssh/authorized_keys`);
    writeFileSync(keys, `restrict,command="sudo -n ${receive}" ${readFileSync(keys, 'utf8')}`);
    writeFileSync(join(rootDir, 'etc/sudoers.d/fleet'), `${user} ALL=(root) NOPASSWD: ${receive} ""\n`);
  };
  const linkOf = (index: number): string =>
    existsSync(join(rig.node(index).rootDir, receive))
      ? readlinkSync(join(rig.node(index).rootDir, receive))
      : 'none';
  const links = (): string[] => names.map((_, index) => linkOf(index));
  const report = (ran: Ran): Report => {
    if (ran.stdout === '') throw new Error(ran.stderr);
    return JSON.parse(ran.stdout) as Report;
  };
  const brief = ({ nodes }: Report): unknown[] =>
    nodes.map(({ name, from, action, result }) => [name, from, action, result]);
  const before = [
    'receive-0.9.0',
    'receive-0.9.0',
    'receive-99.0.0',
    'none',
    `receive-${ownVersion}`,
  ] as const;

  it('shows with --dry-run which node has which receiver and what would become of it, and changes none', async () => {
    const ran = await rig.syncctl(['upgrade', '--dry-run', '-o', 'json']);
    expect(ran.code).toBe(0);
    expect(report(ran).version).toBe(ownVersion);
    expect(brief(report(ran))).toEqual([
      ['old', '0.9.0', 'upgrade', null],
      ['held', '0.9.0', 'by-admin', null],
      ['newer', '99.0.0', 'keep', null],
      ['bare', null, 'upgrade', null],
      ['away', null, 'unknown', null],
    ]);
    expect(links()).toEqual(before);
  });

  it('asks before it changes anything', async () => {
    const ran = await rig.syncctl(['upgrade']);
    expect([ran.code, ran.stderr]).toEqual([
      64,
      expect.stringMatching(/old: 0\.9\.0 -> .*\n.*expected a confirmation.*--yes/su),
    ]);
    expect(links()).toEqual(before);
  });

  it('refuses a name that is no node, and changes none', async () => {
    expect((await rig.syncctl(['upgrade', 'old', 'nobody', '--yes'])).code).toBe(66);
    expect(links()).toEqual(before);
  });

  it('upgrades what it may, never downwards, and says of the others who has to do what', async () => {
    const ran = await rig.syncctl(['upgrade', '--yes', '-o', 'json']);
    expect(ran.code).toBe(1);
    expect(brief(report(ran))).toEqual([
      ['old', '0.9.0', 'upgrade', 'upgraded'],
      ['held', '0.9.0', 'by-admin', 'failed'],
      ['newer', '99.0.0', 'keep', 'unchanged'],
      ['bare', null, 'upgrade', 'upgraded'],
      ['away', null, 'unknown', 'failed'],
    ]);
    const own = `receive-${ownVersion}`;
    expect(links()).toEqual([own, 'receive-0.9.0', 'receive-99.0.0', own, own]);
    expect(ran.stderr).toMatch(/held keeps receiver 0\.9\.0: .*syncctl upgrade held --admin-identity /u);
    expect(ran.stderr).toMatch(/away is not upgraded \(refused: /u);
  });

  it('has nothing to do the second time', async () => {
    const ran = await rig.syncctl(['upgrade', 'old', 'bare', 'newer']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  });

  it('upgrades a restricted node by the key of an admin, and ours goes on running the receiver alone', async () => {
    const own = join(rig.folder, 'own');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', own]);
    const { rootDir, user } = rig.node(1);
    appendFileSync(join(rootDir, `home/${user}/.ssh/authorized_keys`), readFileSync(`${own}.pub`));
    writeFileSync(join(rootDir, 'etc/sudoers.d/admin'), `${user} ALL=(root) NOPASSWD: ALL\n`);
    const ran = await rig.syncctl(['upgrade', 'held', '--yes', '--admin-identity', own]);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining(`held has receiver ${ownVersion}`)]);
    expect(linkOf(1)).toBe(`receive-${ownVersion}`);
    expect((await rig.syncctl(['push', 'held'])).code).toBe(0);
  });

  it('prints a line that an admin undoes it with on the node', async () => {
    installOtherVersion(rig.node(0), '0.9.0');
    const ran = await rig.syncctl(['upgrade', 'old', '--yes']);
    const [, target, line = ''] = /To undo: ssh (\S+) '(.*)'/u.exec(ran.stderr) ?? [];
    expect(target).toBe(`${rig.node(0).user}@${rig.node(0).address}`);
    expect((await rig.node(0).run(line)).code).toBe(0);
    expect(linkOf(0)).toBe('receive-0.9.0');
    expect(fileOn(rig.node(0), receive)).toContain('VERSION=0.9.0');
  });

  it('waits for the lock of the node, and says so where somebody keeps it', async () => {
    const lock = '/var/lib/sync-controller/lock';
    const hold = `exec 9>>${lock}; flock 9; until [ -e /tmp/enough ]; do sleep 0.1; done`;
    const holder = rig.node(0).run(hold);
    await until(
      'somebody holds the lock',
      async () => (await rig.node(0).run(`flock --nonblock ${lock} true`)).code !== 0,
    );
    const ran = await rig.syncctl(['upgrade', 'old', '--yes']);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/old is not upgraded \(busy: /u)]);
    expect(linkOf(0)).toBe('receive-0.9.0');
    await rig.node(0).run('touch /tmp/enough');
    await holder;
  });
});
