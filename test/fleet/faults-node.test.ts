import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { sshArguments } from './client.ts';
import { startFleet } from './fleet.ts';
import { signal } from './machine.ts';
import { runProgram, until } from './process.ts';
import { openSession } from './session.ts';
import type { CommandResult, Fleet, FleetNode } from './types.ts';

function isOff(node: FleetNode): boolean {
  try {
    return node.pid === 0;
  } catch {
    return true;
  }
}

const possible = fleetAvailable();
const title = possible.available ? 'faults of a node' : `faults of a node (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, { timeout: 60_000 }, () => {
  let fleet: Fleet;
  let node: FleetNode;
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 1 });
  });
  beforeEach(() => {
    node = fleet.node(0);
  });
  afterAll(() => fleet.stop());

  const login = (command = 'hostname', ssh: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    runProgram([...sshArguments(fleet, node, { ssh }), command]);

  it('a frozen node accepts connections but says nothing, and goes on when thawed', async () => {
    await using session = await openSession(fleet, node);
    await node.freeze();
    session.say('while frozen');
    expect((await login('true', { ConnectTimeout: '2' })).stderr).toMatch(
      /banner exchange.*timed out|timed out.*banner/i,
    );
    expect(session.heard).not.toContain('heard while frozen');
    await node.thaw();
    await session.ask('thawed');
    expect(session.heard).toContain('heard while frozen');
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('frozen sessions are silent while new logins work', async () => {
    await using session = await openSession(fleet, node);
    await node.freeze('sessions');
    session.say('while frozen');
    expect(await login()).toMatchObject({ code: 0 });
    expect(session.heard).not.toContain('heard while frozen');
    await node.thaw();
    await session.ask('thawed');
  });

  it('a stopped sshd refuses connections and ends sessions, or keeps them on request', async () => {
    await using kept = await openSession(fleet, node);
    await node.stopSshd({ keepSessions: true });
    expect((await login()).stderr).toContain('Connection refused');
    await kept.ask('kept');
    await node.startSshd();
    expect(await login()).toMatchObject({ code: 0 });
    await using lost = await openSession(fleet, node);
    await node.stopSshd();
    await until('the session ends', () => lost.ended);
    await node.startSshd();
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('an sshd option takes effect at once and goes away again', async () => {
    await node.setSshdOption('AllowUsers', 'nobody');
    expect((await login()).stderr).toContain('Permission denied');
    await node.setSshdOption('AllowUsers', undefined);
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('a removed key is refused until it is restored', async () => {
    await node.removeAuthorizedKey();
    expect((await login()).stderr).toContain('Permission denied');
    await node.restoreAuthorizedKey();
    expect(await login()).toMatchObject({ code: 0 });
  });

  it.each([
    ['password', /a password is required/],
    ['requiretty', /must have a tty/],
    ['missing', /not found/],
  ] as const)('sudo fails by %s and is restored', async (how, words) => {
    await node.breakSudo(how);
    const broken = await login('sudo -n true');
    expect(broken.code).not.toBe(0);
    expect(broken.stderr).toMatch(words);
    await node.restoreSudo();
    expect(await login('sudo -n true')).toMatchObject({ code: 0, stderr: '' });
  });

  it('a reboot ends everything, keeps the disk, empties /run and /tmp, and changes the boot id', async () => {
    const before = { pid: node.pid, bootId: node.bootId };
    await node.run('echo kept >/var/kept; echo gone >/tmp/gone; echo gone >/run/gone');
    await using session = await openSession(fleet, node);
    await node.reboot();
    expect(node.pid).not.toBe(before.pid);
    expect(node.bootId).not.toBe(before.bootId);
    const seen = await login('cat /proc/sys/kernel/random/boot_id /var/kept; ls /tmp /run/gone 2>&1');
    expect(seen.stdout).toContain(`${node.bootId}\nkept\n`);
    expect(seen.stdout).toContain("'/run/gone': No such file");
    expect(seen.stdout).not.toMatch(/^gone$/m);
    session.say('anybody?');
    await until('the old session is reset', () => session.ended);
  });

  it('a node that is off names itself, does not answer, and comes back also after its process 1 was killed', async () => {
    await node.powerOff();
    expect(() => node.rootDir).toThrow('node-1 is powered off');
    expect(await login('true', { ConnectTimeout: '2' })).toMatchObject({ code: 255 });
    await node.powerOn();
    signal(node.pid, 'SIGKILL');
    await until('the death is noticed', () => isOff(node));
    await node.powerOn();
    expect(await readFile(`${node.rootDir}/var/kept`, 'utf8')).toBe('kept\n');
    expect(await login()).toMatchObject({ code: 0 });
  });

  it('a new host key is refused by a client that knows the old one', async () => {
    const before = node.hostKeys;
    const after = await node.newHostKey();
    expect(after.filter((line) => before.includes(line))).toEqual([]);
    expect(node.hostKeys).toEqual(after);
    expect((await login()).stderr).toContain('Host key verification failed');
    expect(
      await login('hostname', { StrictHostKeyChecking: 'no', UserKnownHostsFile: '/dev/null' }),
    ).toMatchObject({
      code: 0,
    });
  });
});
