import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { sshArguments } from './client.ts';
import { startFleet } from './fleet.ts';
import { openSession } from './session.ts';
import { runProgram, until } from './process.ts';
import type { CommandResult, Fleet, FleetNode } from './types.ts';

const possible = fleetAvailable('loopback');
const title = possible.available
  ? 'a fleet on loopback ports'
  : `a fleet on loopback ports (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, { timeout: 60_000 }, () => {
  let fleet: Fleet;
  let node: FleetNode;
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 2, mode: 'loopback' });
    node = fleet.node(0);
  });
  afterAll(() => fleet.stop());

  const login = (
    at = node,
    command = 'cat ../etc/hostname',
    ssh: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> => runProgram([...sshArguments(fleet, at, { ssh }), command]);

  it('logs in to folders that stand for roots, each with its own host keys', async () => {
    expect(await login()).toMatchObject({ stdout: 'node-1\n', stderr: '' });
    expect(await login(fleet.node(1), 'cat "$FLEET_ROOT/etc/hosts"')).toMatchObject({
      stdout: await readFile(`${fleet.node(1).rootDir}/etc/hosts`, 'utf8'),
    });
    expect(await node.run('cat "$FLEET_ROOT/etc/hostname" -', { stdin: 'in' })).toMatchObject({
      stdout: 'node-1\nin',
    });
    expect(node.hostKeys).not.toEqual(fleet.node(1).hostKeys);
  });

  it('freezes, stops and starts its sshd', async () => {
    await using session = await openSession(fleet, node);
    await node.freeze();
    expect((await login(node, 'true', { ConnectTimeout: '2' })).stderr).toContain('timed out');
    await node.thaw();
    await session.ask('thawed');
    await node.stopSshd();
    await until('the session ends', () => session.ended);
    expect((await login()).stderr).toContain('refused');
    await node.startSshd();
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('changes keys and options', async () => {
    await node.removeAuthorizedKey();
    expect((await login()).stderr).toContain('Permission denied');
    await node.restoreAuthorizedKey();
    await node.setSshdOption('DenyUsers', '*');
    expect((await login()).stderr).toContain('Permission denied');
    await node.setSshdOption('DenyUsers', undefined);
    expect(await login()).toMatchObject({ code: 0 });
    await node.newHostKey();
    expect((await login()).stderr).toContain('Host key verification failed');
  });

  it('says which verbs it lacks', async () => {
    expect(fleet.capabilities).toEqual([]);
    await expect(node.blackhole()).rejects.toThrow('blackhole needs namespaces');
    await expect(node.reboot()).rejects.toThrow('reboot needs namespaces');
  });

  it('leaves no server and no folder', async () => {
    const brief = await startFleet({ nodes: 1, mode: 'loopback' });
    const { pid, rootDir } = brief.node(0);
    await brief.stop();
    expect([
      existsSync(`/proc/${String(pid)}`),
      existsSync(rootDir),
      existsSync(dirname(dirname(brief.clientKey))),
    ]).toEqual([false, false, false]);
  });
});
