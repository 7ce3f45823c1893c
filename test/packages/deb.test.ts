// What the Debian package holds, and what its scripts do where nothing runs, as in a chroot.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runProgram } from '../fleet/process.ts';
import { aptInstall, buildDeb, root, workFolder } from './deb.ts';
import { debianAvailable, startDebian, type Debian } from './debian.ts';

const possible = debianAvailable();
const patient = { timeout: 300_000 };
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe.skipIf(!possible.available)(`the Debian package${reason}`, patient, () => {
  const work = workFolder();
  let deb: string;
  let listing: readonly string[];

  beforeAll(async () => {
    deb = await buildDeb(join(work, 'one'));
    listing = (await mustRun(['dpkg-deb', '--contents', deb])).split('\n');
  }, 600_000);
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });
  const holds = (path: string): string | undefined => listing.find((line) => line.includes(` .${path}`));

  it('is named by version and architecture, and depends on libraries that Debian has', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const arch = (await mustRun(['dpkg', '--print-architecture'])).trim();
    expect(deb).toMatch(new RegExp(`/sync-controller_${version}-1_${arch}\\.deb$`, 'u'));
    const depends = await mustRun(['dpkg-deb', '--field', deb, 'Depends']);
    expect(depends).toMatch(/^libc6 \(>= \S+\), .*openssh-client/u);
    expect(depends).not.toContain('node');
  });

  it.each([
    '/lib/systemd/system/sync-controller.service',
    '/etc/sync-controller/config.yaml',
    '/usr/bin/syncctl',
    '/usr/bin/sync-controller',
    '/usr/lib/sync-controller/bin/node',
    '/usr/lib/sync-controller/dist/receiver',
    '/usr/lib/sync-controller/scripts/install-receiver.sh',
    '/usr/share/man/man1/syncctl.1.gz',
    '/usr/share/man/man8/sync-controller.8.gz',
    '/usr/share/bash-completion/completions/syncctl',
    '/usr/share/zsh/vendor-completions/_syncctl',
    '/usr/share/fish/vendor_completions.d/syncctl.fish',
    '/usr/share/doc/sync-controller/copyright',
    '/usr/share/doc/sync-controller/changelog.Debian.gz',
    '/usr/share/doc/sync-controller/changelog.gz',
    '/usr/share/doc/sync-controller/THIRD-PARTY.txt.gz',
    '/usr/share/doc/sync-controller/examples/config.example.yaml',
    '/usr/share/doc/sync-controller/examples/rbac.yaml',
    '/usr/share/doc/sync-controller/examples/registry/service-registry.yaml',
  ])('holds %s, as root and writable by root alone', (path) => {
    expect(holds(path)).toMatch(/^[-l]r[w][x-]r.[-x]r.[-x] root\/root|^l/u);
  });

  it('holds nothing of the workshop', () => {
    const foreign = listing.filter((line) =>
      /\.ts$|node_modules|\/test\/|deploy\/debian|eslint|\.git/u.test(line),
    );
    expect(foreign).toEqual([]);
  });

  it('is clean for lintian, down to its remarks', async () => {
    const ran = await runProgram(['lintian', '--allow-root', '--display-info', '--fail-on', 'info', deb]);
    expect([ran.code, ran.stdout]).toEqual([0, '']);
  });

  it('comes out the same, byte for byte, from another folder, time zone and umask', async () => {
    const again = join(work, 'two');
    const script = `umask 077; mkdir -p ${again}; exec bash test/tools/deb.sh ${again}`;
    const ran = await runProgram(['bash', '-c', script], {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${join(root, '.runtime/bin')}:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin`,
        ...{ DEB_COMPRESSION: '-Zgzip -z1', TZ: 'Pacific/Chatham', LANG: 'C.UTF-8', TMPDIR: work },
      },
    });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(digest(ran.stdout.trim())).toBe(digest(deb));
  });

  it('has manual pages that the formatter reads without a remark', async () => {
    for (const page of ['man1/syncctl.1.gz', 'man8/sync-controller.8.gz']) {
      const file = `dpkg-deb --fsys-tarfile ${deb} | tar -xO ./usr/share/man/${page} | gunzip`;
      const ran = await runProgram(['bash', '-c', `${file} | groff -man -Tutf8 -ww -b >/dev/null`]);
      expect([page, ran.code, ran.stderr]).toEqual([page, 0, '']);
    }
  });

  describe('in a root where no systemd runs', () => {
    let machine: Debian;
    beforeAll(async () => {
      machine = await startDebian('still');
    }, 900_000);
    afterAll(() => machine.stop());

    it('installs, works, and is purged without a trace', async () => {
      await aptInstall(machine, deb);
      const examples = '/usr/share/doc/sync-controller/examples/registry';
      expect(await machine.must('syncctl', '--registry', examples, 'validate')).toContain('0 errors');
      await machine.must('apt-get', 'purge', '--yes', 'sync-controller');
      expect(machine.has('/etc/sync-controller')).toBe(false);
      expect(machine.has('/usr/lib/sync-controller')).toBe(false);
    });

    it('a purge takes the state of the controller, and leaves what the receiver of a node keeps there', async () => {
      await aptInstall(machine, deb);
      machine.write('/usr/local/lib/sync-controller/receive-1.0.0', '#!/bin/bash\n', 0o755);
      await machine.must('ln', '-s', 'receive-1.0.0', '/usr/local/lib/sync-controller/receive');
      const ofNode = [
        '/etc/sync-controller/targets.d/hosts',
        '/var/lib/sync-controller/clusters/c/hosts/fence',
      ];
      const ours = ['/var/lib/sync-controller/durable.db', '/etc/sync-controller/registry/x.yaml'];
      for (const path of [...ofNode, ...ours]) machine.write(path, 'x');
      await machine.must('apt-get', 'purge', '--yes', 'sync-controller');
      expect(ofNode.filter((path) => machine.has(path))).toEqual(ofNode);
      expect(ours.filter((path) => machine.has(path))).toEqual([]);
    });
  });
});
