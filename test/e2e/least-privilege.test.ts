// `node add --restrict`: from an admin's login to a key that can do one thing, and what keeps it from half of that.
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { Ran } from './rig.ts';
import { fileOn, startRig, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const receive = '/usr/local/lib/sync-controller/receive';
const names = ['plain', 'rooted', 'formerly', 'refused', 'full', 'linked', 'moved', 'bare', 'shared'];

describe.skipIf(!available)('a node is enrolled with least privilege', { timeout: 300_000 }, () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: names.map((name) => ({
        type: 'worker_nodes' as const,
        name,
        ...(name === 'rooted' ? { user: 'root' } : {}),
      })),
    });
  });
  afterAll(async () => {
    await rig.stop();
  });

  const node = (name: string) => rig.node(names.indexOf(name));
  const words = (name: string): readonly string[] => [
    ...['node', 'add', node(name).address, '--type', 'worker', '--user', node(name).user],
    ...['--restrict', '--yes'],
  ];
  const restrict = (name: string, ...more: readonly string[]): Promise<Ran> =>
    rig.syncctl([...words(name), ...more]);
  const home = (name: string): string => (node(name).user === 'root' ? 'root' : `home/${node(name).user}`);
  const keysPath = (name: string): string => join(node(name).rootDir, home(name), '.ssh/authorized_keys');
  const keys = (name: string): string => readFileSync(keysPath(name), 'utf8');
  const rules = (name: string): string => fileOn(node(name), 'etc/sudoers.d/sync-controller');
  const ownLines = (name: string): readonly string[] =>
    keys(name)
      .split('\n')
      .filter((line) => line.includes(' sync-controller@'));
  const untouched = (name: string): void => {
    expect([ownLines(name), rules(name)]).toEqual([[], '']);
    expect(
      readdirSync(join(node(name).rootDir, 'etc/sudoers.d')).filter((file) =>
        file.includes('sync-controller'),
      ),
    ).toEqual([]);
  };
  const service = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };
  /** From here on nobody else's key logs in. */
  const lockOthersOut = (name: string): void => {
    writeFileSync(
      keysPath(name),
      ownLines(name)
        .map((line) => `${line}\n`)
        .join(''),
    );
  };
  const withKeyAlone = (name: string, command: string): string => {
    const identity = readdirSync(join(rig.folder, 'state/identity')).find((file) =>
      /^id_ed25519\.\d+$/u.test(file),
    );
    const options = [
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'LogLevel=ERROR',
      `UserKnownHostsFile=${rig.fleet.knownHosts}`,
    ];
    try {
      return execFileSync(
        'ssh',
        [
          ...['-F', 'none', '-i', join(rig.folder, 'state/identity', identity ?? '')],
          ...options.flatMap((option) => ['-o', option]),
          ...[`${node(name).user}@${node(name).address}`, command],
        ],
        { input: '', encoding: 'utf8', stdio: 'pipe' },
      );
    } catch (error) {
      return String((error as { stdout?: string }).stdout);
    }
  };

  it.each(['plain', 'rooted'])(
    '%s: rule, line and proof in one command, and pushes go on without the admin',
    async (name) => {
      const others = `# my keys\n${keys(name)}ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHWmy1p0bLNKBmSbFDVxrqUjyvOt2GMqGXzGTuXQBc5f me, no newline`;
      writeFileSync(keysPath(name), others);
      const was = statSync(keysPath(name));
      const ran = await restrict(name);
      expect([ran.code, ran.stdout], ran.stderr).toEqual([0, expect.stringContaining('active')]);
      expect(ran.stderr).toMatch(/is restricted: our key SHA256:\S+ runs the receiver/u);
      expect(ran.stderr).toContain(`To undo: syncctl node remove ${name} --uninstall`);
      const is = statSync(keysPath(name));
      expect([is.mode, is.uid, is.gid]).toEqual([was.mode, was.uid, was.gid]);
      expect(keys(name).startsWith(`${others}\n`)).toBe(true);
      const sudo = name === 'rooted' ? '' : 'sudo -n ';
      expect(ownLines(name)).toEqual([
        expect.stringMatching(
          new RegExp(
            `^restrict,command="${sudo}${receive}" ssh-ed25519 \\S+ sync-controller@[a-z0-9-]+$`,
            'u',
          ),
        ),
      ]);
      if (name === 'rooted') expect(rules(name)).toBe('');
      else {
        expect(rules(name)).toMatch(/^node ALL=\(root\) NOPASSWD: \S+\/receive "" # sync-controller@/mu);
        expect(statSync(join(node(name).rootDir, 'etc/sudoers.d/sync-controller')).mode & 0o777).toBe(0o440);
      }
      lockOthersOut(name);
      // Only the rule of ours is left of sudo's.
      if (name !== 'rooted') rmSync(join(node(name).rootDir, 'etc/sudoers.d/fleet'));
      expect(withKeyAlone(name, 'id')).not.toContain('uid=');
      service(`for${name}`);
      const pushed = await rig.syncctl(['push', name, '-o', 'json']);
      expect([pushed.code, pushed.stdout]).toEqual([0, expect.stringContaining('"changed": true')]);
      const shown = await rig.syncctl(['node', 'show', name]);
      expect(shown.stdout).toMatch(/Restricted: +since \S+, key SHA256:/u);
    },
  );

  it('the private key never leaves, and nobody else on this machine can read it', () => {
    const folder = join(rig.folder, 'state/identity');
    expect(readdirSync(folder).sort()).toEqual(['id_ed25519.1', 'id_ed25519.1.pub', 'lock', 'nodes.json']);
    expect([statSync(folder).mode & 0o777, statSync(join(folder, 'id_ed25519.1')).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
  });

  it('a node of the old way: doctor hints at it, its command restricts it, and again changes nothing', async () => {
    expect((await rig.syncctl(['push', 'formerly'])).code).toBe(0);
    const doctor = await rig.syncctl(['doctor', 'formerly', '-o', 'json']);
    const { findings } = JSON.parse(doctor.stdout) as {
      findings: { check: string; level: string; remedy: string }[];
    };
    const hint = findings.find(({ check }) => check === 'restriction');
    expect(hint).toMatchObject({ level: 'hint' });
    const remedy = (hint?.remedy ?? '').split(' ').slice(1);
    const first = await rig.syncctl([...remedy, '--yes']);
    expect(first.code, first.stderr).toBe(0);
    const [line, rule] = [keys('formerly'), rules('formerly')];
    const file = lstatSync(keysPath('formerly')).ino;
    const second = await rig.syncctl([...remedy, '--yes']);
    expect(second.code, second.stderr).toBe(0);
    expect([keys('formerly'), rules('formerly'), lstatSync(keysPath('formerly')).ino]).toEqual([
      line,
      rule,
      file,
    ]);
    const after = await rig.syncctl(['doctor', 'formerly', '-o', 'json']);
    expect(JSON.parse(after.stdout)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ check: 'restriction', level: 'ok' }),
      ]) as unknown,
    });
  });

  it('without visudo, or with a visudo that says no, nothing is written', async () => {
    const visudo = join(node('refused').rootDir, 'usr/sbin/visudo');
    renameSync(visudo, `${visudo}.aside`);
    const missing = await restrict('refused');
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/not restricted \(requirements: visudo.*nothing was changed on the node/u),
    ]);
    untouched('refused');
    writeFileSync(visudo, '#!/bin/sh\necho "syntax error near line 2" >&2\nexit 1\n', { mode: 0o755 });
    const refused = await restrict('refused');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/not restricted \(sudo: visudo refuses the rule: syntax error near line 2/u),
    ]);
    untouched('refused');
    rmSync(visudo);
    renameSync(`${visudo}.aside`, visudo);
  });

  it('where /etc/sudoers does not read sudoers.d, nothing is written', async () => {
    const sudoers = join(node('refused').rootDir, 'etc/sudoers');
    const was = readFileSync(sudoers, 'utf8');
    chmodSync(sudoers, 0o640);
    writeFileSync(sudoers, `${was.replace(/^[@#]includedir.*$/mu, '')}\nnode ALL=(ALL) NOPASSWD: ALL\n`);
    chmodSync(sudoers, 0o440);
    const ran = await restrict('refused');
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('includedir /etc/sudoers.d')]);
    untouched('refused');
    writeFileSync(sudoers, was);
  });

  it('a symlink in the place of authorized_keys or of .ssh is refused, not followed', async () => {
    const ssh = join(node('linked').rootDir, 'home/node/.ssh');
    const target = join(node('linked').rootDir, 'home/node/elsewhere');
    renameSync(join(ssh, 'authorized_keys'), target);
    symlinkSync('/home/node/elsewhere', join(ssh, 'authorized_keys'));
    const was = readFileSync(target, 'utf8');
    const ran = await restrict('linked');
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /target_refused: \/home\/node\/\.ssh\/authorized_keys is a symlink.*nothing was changed/u,
      ),
    ]);
    expect([readFileSync(target, 'utf8'), rules('linked')]).toEqual([was, '']);
    rmSync(join(ssh, 'authorized_keys'));
    renameSync(target, join(ssh, 'authorized_keys'));
    await node('linked').run('cd /home/node && mv .ssh .ssh2 && ln -s .ssh2 .ssh');
    const dir = await restrict('linked');
    expect([dir.code, dir.stderr]).toEqual([1, expect.stringContaining('/home/node/.ssh is a symlink')]);
    await node('linked').run('cd /home/node && rm .ssh && mv .ssh2 .ssh');
    untouched('linked');
  });

  it('with a full disk, or a read-only /etc/sudoers.d, nothing stays', async () => {
    await node('full').fillDisk('/home/node/.ssh');
    const full = await restrict('full');
    expect([full.code, full.stderr]).toEqual([1, expect.stringMatching(/not restricted \(enospc: /u)]);
    await node('full').freeDisk('/home/node/.ssh');
    untouched('full');
    await node('full').remountReadOnly('/etc/sudoers.d');
    const readonly = await restrict('full');
    expect([readonly.code, readonly.stderr]).toEqual([
      1,
      expect.stringMatching(/not restricted \(readonly: /u),
    ]);
    await node('full').remountReadWrite('/etc/sudoers.d');
    untouched('full');
    const well = await restrict('full');
    expect(well.code, well.stderr).toBe(0);
  });

  it('where sshd reads keys elsewhere, the proof fails and everything is taken back', async () => {
    const dir = join(node('moved').rootDir, 'etc/ssh/keys');
    mkdirSync(dir);
    writeFileSync(join(dir, 'node'), keys('moved'));
    await node('moved').setSshdOption('AuthorizedKeysFile', '/etc/ssh/keys/%u');
    const ran = await restrict('moved');
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /not restricted \(auth: .*AuthorizedKeysFile.*the sudo rule and the line of the key were taken back/u,
      ),
    ]);
    untouched('moved');
    expect((await rig.syncctl(['node', 'show', 'moved'])).stdout).toContain('not by us');
    expect((await rig.syncctl(['push', 'moved'])).code).toBe(0);
  });

  it('a key that the node takes without the restriction, too, is no proof', async () => {
    const pub = readFileSync(join(rig.folder, 'state/identity/id_ed25519.1.pub'), 'utf8');
    writeFileSync(join(node('moved').rootDir, 'etc/ssh/keys/node'), `${keys('moved')}${pub}`);
    const ran = await restrict('moved');
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('the key may run other commands')]);
    untouched('moved');
  });

  it('where there is no .ssh yet and the admin is another login, both are seen to', async () => {
    // The login that pushes has no key at all; root, who is the admin, has one.
    rmSync(join(node('bare').rootDir, 'home/node/.ssh'), { recursive: true });
    const none = await restrict('bare');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('auth')]);
    const ran = await restrict('bare', '--admin-user', 'root', '--admin-identity', rig.fleet.clientKey);
    expect(ran.code, ran.stderr).toBe(0);
    const ssh = statSync(join(node('bare').rootDir, 'home/node/.ssh'));
    expect([ssh.mode & 0o777, ssh.uid, statSync(keysPath('bare')).mode & 0o777]).toEqual([
      0o700, 1000, 0o600,
    ]);
  });

  it('rule and line of another cluster stay, when ours come and when they go', async () => {
    const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIHWmy1p0bLNKBmSbFDVxrqUjyvOt2GMqGXzGTuXQBc5f';
    const line = `restrict,command="sudo -n ${receive}" ssh-ed25519 ${blob} sync-controller@sc-other000`;
    const rule = `node ALL=(root) NOPASSWD: ${receive} "" # sync-controller@sc-other000`;
    writeFileSync(keysPath('shared'), `${line}\n${keys('shared')}`);
    writeFileSync(join(node('shared').rootDir, 'etc/sudoers.d/sync-controller'), `${rule}\n`, {
      mode: 0o440,
    });
    const ran = await restrict('shared');
    expect(ran.code, ran.stderr).toBe(0);
    expect([ownLines('shared').length, rules('shared').split('\n').length]).toEqual([2, 3]);
    const shown = await rig.syncctl(['node', 'remove', 'shared', '--uninstall', '--dry-run']);
    expect(shown.stderr).toMatch(/the rule of node goes[^]*1 of our lines go[^]*Receiver [\d.]+ goes/u);
    expect(ownLines('shared')).toHaveLength(2);
    const gone = await rig.syncctl(['node', 'remove', 'shared', '--uninstall', '--yes']);
    expect(gone.code, gone.stderr).toBe(0);
    expect([ownLines('shared'), rules('shared')]).toEqual([[line], `${rule}\n`]);
    expect(fileOn(node('shared'), receive.slice(1))).toBe('');
    expect(fileOn(node('shared'), 'etc/hosts')).not.toContain('sync-controller');
  });

  it('uninstalling needs an admin, and does nothing where none is let in', async () => {
    const ran = await rig.syncctl(['node', 'remove', 'plain', '--uninstall', '--yes']);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /expected to be let in as an admin, got auth.*nothing was changed; .*--admin-identity/u,
      ),
    ]);
    expect((await rig.syncctl(['push', 'plain'])).code).toBe(0);
    const admin = ['--admin-user', 'root', '--admin-identity', rig.fleet.clientKey];
    const gone = await rig.syncctl(['node', 'remove', 'plain', '--uninstall', '--yes', ...admin]);
    expect(gone.code, gone.stderr).toBe(0);
    expect([keys('plain'), rules('plain')]).toEqual(['', '']);
    for (const path of ['etc/sync-controller', 'usr/local/lib/sync-controller', 'var/lib/sync-controller'])
      expect(readdirSync(join(node('plain').rootDir, path, '..'))).not.toContain('sync-controller');
  });
});
