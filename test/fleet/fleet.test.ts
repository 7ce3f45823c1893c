import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { sshArguments } from './client.ts';
import { startFleet } from './fleet.ts';
import { runProgram, until } from './process.ts';
import type { CommandResult, Fleet } from './types.ts';

const possible = fleetAvailable();
const title = possible.available
  ? 'a fleet in namespaces'
  : `a fleet in namespaces (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({
      nodes: [
        {},
        {},
        { name: 'vps-1', user: 'deploy', shell: '/bin/dash', hosts: '127.0.0.1 localhost # own\n' },
      ],
      sshdOptions: { MaxSessions: '7' },
    });
  });
  afterAll(() => fleet.stop());

  const ssh = (index: number, command: string, user?: string): Promise<CommandResult> =>
    runProgram([...sshArguments(fleet, fleet.node(index), user === undefined ? {} : { user }), command]);

  it('lets the login user in by key and gives it sudo without a password', async () => {
    expect(await ssh(0, 'id -un; sudo -n id -un; hostname')).toMatchObject({
      stdout: 'node\nroot\nnode-1\n',
      code: 0,
    });
  });

  it('lets root in by key, with a home of its own and no profile of this machine', async () => {
    expect(await ssh(1, 'id -un; pwd; ls -A', 'root')).toMatchObject({
      stdout: 'root\n/root\n.ssh\n',
      stderr: '',
    });
  });

  it('takes another user, shell, name and hosts file for one node', async () => {
    const seen = await ssh(2, 'id -un; echo "$0"; hostname; cat /etc/hosts');
    expect(seen.stdout).toBe('deploy\ndash\nvps-1\n127.0.0.1 localhost # own\n');
    expect((await ssh(2, 'true', 'node')).code).toBe(255);
  });

  it('answers on IPv6 as well', async () => {
    const node = fleet.node(0);
    const result = await runProgram([
      ...sshArguments(fleet, { ...node, address: node.address6 ?? '' }),
      'hostname',
    ]);
    expect(result).toMatchObject({ stdout: 'node-1\n', code: 0 });
  });

  it('gives every node its own files, host keys, boot id and processes', async () => {
    const [one, two] = [fleet.node(0), fleet.node(1)];
    await writeFile(`${one.rootDir}/etc/hosts`, '192.0.2.1 only-here\n', { flag: 'a' });
    expect((await ssh(0, 'cat /etc/hosts')).stdout).toContain('only-here');
    expect((await ssh(1, 'cat /etc/hosts')).stdout).not.toContain('only-here');
    expect(await readFile('/etc/hosts', 'utf8')).not.toContain('only-here');
    expect(new Set([...one.hostKeys, ...two.hostKeys].map((line) => line.split(' ')[1])).size).toBe(6);
    expect((await ssh(0, 'cat /proc/sys/kernel/random/boot_id')).stdout).toBe(`${one.bootId}\n`);
    expect(one.bootId).not.toBe(two.bootId);
    expect((await ssh(0, 'cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l')).stdout).toMatch(/^sh\n\d\n$/);
  });

  it('runs commands without ssh, as root or as the user, with input', async () => {
    const node = fleet.node(2);
    expect(await node.run('id -un; cat', { stdin: 'in' })).toMatchObject({ stdout: 'root\nin' });
    expect(await node.run('id -un; echo $HOME; exit 3', { user: 'deploy' })).toMatchObject({
      stdout: 'deploy\n/home/deploy\n',
      code: 3,
    });
  });

  it('applies sshd options to the whole fleet, and the server runs the three kinds of host key', async () => {
    const said = await fleet.node(1).run('/usr/sbin/sshd -T | grep -i maxsessions');
    expect(said.stdout).toBe('maxsessions 7\n');
    for (const type of ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512']) {
      const args = sshArguments(fleet, fleet.node(1), { ssh: { HostKeyAlgorithms: type } });
      expect(await runProgram([...args, 'true'])).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('reaps orphans, so that no zombie gathers on a node', async () => {
    await ssh(0, '(sh -c "exit 0" &); (setsid true &)');
    await until('no orphan is left, alive or dead', async () => {
      const left = await fleet.node(0).run('ps -e -o stat=,comm= | grep -cE "^Z|true|defunct"');
      return left.stdout === '0\n';
    });
  });

  it('reaches the controller and the other nodes, and nothing beyond them', async () => {
    const node = fleet.node(0);
    const route = (address: string): Promise<CommandResult> => node.run(`ip route get ${address}`);
    expect((await route(fleet.controllerAddress)).code).toBe(0);
    expect((await route(fleet.node(1).address)).code).toBe(0);
    expect((await route('192.0.2.1')).stderr).toContain('Network is unreachable');
  });
});

describe.skipIf(!possible.available)(`many nodes: ${title}`, () => {
  it('starts 30 nodes that all answer', async () => {
    const begin = performance.now();
    const fleet = await startFleet({ nodes: 30 });
    console.log(`fleet: 30 nodes, ${((performance.now() - begin) / 30).toFixed(0)} ms a node`);
    try {
      const names = await Promise.all(fleet.nodes.map((node) => node.run('hostname')));
      expect(names.map(({ stdout }) => stdout.trim())).toEqual(fleet.nodes.map(({ name }) => name));
    } finally {
      await fleet.stop();
    }
  }, 60_000);

  it('keeps its nodes on a real disk on request', async () => {
    const fleet = await startFleet({ nodes: 1, storage: 'disk' });
    const dir = dirname(dirname(fleet.clientKey));
    try {
      await fleet.node(0).run('echo durable >/etc/probe && sync /etc/probe');
      expect(await readFile(`${dir}/nodes/0/upper/etc/probe`, 'utf8')).toBe('durable\n');
    } finally {
      await fleet.stop();
    }
    expect(existsSync(dir)).toBe(false);
  });

  it('refuses names that a shell or mount(8) would misread', async () => {
    await expect(startFleet({ nodes: [{ name: 'a b' }] })).rejects.toThrow('a b is no host or user name');
  });
});
