import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { sshArguments } from './client.ts';
import { startFleet } from './fleet.ts';
import { runProgram } from './process.ts';
import { openSession } from './session.ts';
import type { CommandResult, Fleet } from './types.ts';

const possible = fleetAvailable();
const title = possible.available ? 'network faults' : `network faults (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 2 });
  });
  afterAll(() => fleet.stop());

  const login = (index = 0, seconds = 10): Promise<CommandResult> => {
    const ssh = { ConnectTimeout: String(seconds) };
    return runProgram([...sshArguments(fleet, fleet.node(index), { ssh }), 'hostname']);
  };

  it.each(['both', 'to-node', 'from-node'] as const)(
    'a blackhole (%s) hangs old and new connections and heals',
    async (direction) => {
      const node = fleet.node(0);
      await using session = await openSession(fleet, node);
      await node.blackhole(direction);
      session.say('into the hole');
      // The new connection's own deadline is the time in which the old one stays silent.
      const fresh = await login(0, 2);
      expect(fresh).toMatchObject({ code: 255 });
      expect(fresh.stderr).toMatch(/timed out/);
      expect(session.heard).not.toContain('heard into the hole');
      expect(session.ended).toBe(false);
      expect(await login(1)).toMatchObject({ stdout: 'node-2\n' });
      await node.unblackhole();
      await session.ask('out again');
      expect(session.heard).toContain('heard into the hole');
      expect(await login()).toMatchObject({ stdout: 'node-1\n' });
    },
    60_000,
  );

  it('a blackholed node does not hear the other nodes either', async () => {
    const [one, two] = [fleet.node(0), fleet.node(1)];
    const reach = (): Promise<CommandResult> =>
      two.run(`timeout 2 bash -c 'exec 3<>/dev/tcp/${one.address}/22; head -c 4 <&3'`);
    expect((await reach()).stdout).toBe('SSH-');
    await one.blackhole();
    expect(await reach()).toMatchObject({ code: 124, stdout: '' });
    await one.unblackhole();
    expect((await reach()).stdout).toBe('SSH-');
  }, 60_000);

  it('an unplugged node is gone and a session outlives the gap', async () => {
    const node = fleet.node(0);
    await using session = await openSession(fleet, node);
    await node.unplug();
    expect((await node.run('cat /sys/class/net/eth0/carrier')).stdout).toBe('0\n');
    expect(await login(0, 2)).toMatchObject({ code: 255 });
    await node.plug();
    await session.ask('still here');
    expect(await login()).toMatchObject({ stdout: 'node-1\n' });
  }, 60_000);
});
