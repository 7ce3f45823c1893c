import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { sshArguments } from './client.ts';
import { startFleet } from './fleet.ts';
import { runProgram } from './process.ts';
import { openSession } from './session.ts';
import type { CommandResult, Fleet, FleetNode } from './types.ts';

const possible = fleetAvailable();
const title = possible.available ? 'disk faults' : `disk faults (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, { timeout: 60_000 }, () => {
  let fleet: Fleet;
  let node: FleetNode;
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 1 });
    node = fleet.node(0);
  });
  afterAll(() => fleet.stop());

  const asRoot = (command: string): Promise<CommandResult> =>
    runProgram([...sshArguments(fleet, node, { user: 'root' }), command]);

  it.each(['/etc', '/home/node', '/srv/empty'])(
    'a full %s keeps its content and takes no new byte until freed',
    async (path) => {
      await node.run('mkdir -p /srv/empty');
      const content = `find ${path} ! -name .fleet-filler -printf '%P %M %U %G %l\\n' | sort`;
      const before = await asRoot(content);
      await node.fillDisk(path);
      const full = await asRoot(`echo more >${path}/new`);
      expect(full.stderr).toContain('No space left on device');
      await asRoot(`rm -f ${path}/new`);
      expect((await asRoot(content)).stdout).toBe(before.stdout);
      await node.freeDisk(path);
      expect(await asRoot(`echo more >${path}/new && cat ${path}/new && rm ${path}/new`)).toMatchObject({
        stdout: 'more\n',
      });
    },
  );

  it('a nearly full folder takes what still fits', async () => {
    await node.run('mkdir -p /srv/nearly; echo old >/srv/nearly/old');
    await node.fillDisk('/srv/nearly', { freeBytes: 65_536 });
    expect(await asRoot('head -c 40000 /dev/zero >/srv/nearly/fits')).toMatchObject({ code: 0 });
    expect((await asRoot('head -c 40000 /dev/zero >/srv/nearly/not')).stderr).toContain('No space left');
  });

  it.each(['/etc', '/', '/home/node/file'])(
    'a read-only %s is seen by new logins and by a session that was open before',
    async (path) => {
      await node.run('touch /home/node/file');
      const file = path === '/home/node/file' ? path : `${path}/probe`;
      const write = `echo more >>${file}`;
      await using earlier = await openSession(fleet, node, { user: 'root', shell: true });
      await node.remountReadOnly(path);
      expect((await asRoot(write)).stderr).toContain('Read-only file system');
      await earlier.ask(write);
      expect(earlier.heard.join('\n')).toContain('Read-only file system');
      await node.remountReadWrite(path);
      expect(await asRoot(write)).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('after a read-only spell no mount is left behind', async () => {
    const mounts = (): Promise<CommandResult> => node.run('cat /proc/self/mounts');
    const before = (await mounts()).stdout;
    await node.remountReadOnly('/usr/local');
    expect((await mounts()).stdout).not.toBe(before);
    await node.remountReadWrite('/usr/local');
    expect((await mounts()).stdout).toBe(before);
  });

  it('a bind-mounted file refuses a rename and takes a write in place', async () => {
    await node.bindMountFile('/etc/hosts');
    expect((await asRoot('cp /etc/hosts /etc/hosts.new; mv -f /etc/hosts.new /etc/hosts')).stderr).toContain(
      'busy',
    );
    expect(await asRoot('echo 192.0.2.7 in-place >>/etc/hosts')).toMatchObject({ code: 0 });
    await node.unbindFile('/etc/hosts');
    expect(await readFile(`${node.rootDir}/etc/hosts`, 'utf8')).toContain('in-place');
    expect(await asRoot('cp /etc/hosts /etc/hosts.new && mv -f /etc/hosts.new /etc/hosts')).toMatchObject({
      code: 0,
    });
  });

  it('a fault that cannot be made says where and why', async () => {
    await expect(node.fillDisk('/not/there')).rejects.toThrow(
      /node-1 for \/not\/there.*cannot stat|cannot access/s,
    );
  });
});
