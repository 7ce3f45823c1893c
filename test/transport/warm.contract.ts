import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/transport/transport.ts';
import { descendants } from '../fleet/machine.ts';
import { until } from '../fleet/process.ts';
import { ask, failureOf, run } from './rig.ts';
import type { FleetRig, MakeTransport } from './rig.ts';

/** TCP connections and child processes that this process holds. */
function held(): { readonly sockets: number; readonly children: number } {
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  return { sockets, children: descendants(process.pid).length };
}

/** What every SSH adapter promises of its sessions: reused, replaced when broken, gone when closed. */
export function warmContract(start: () => Promise<FleetRig>): void {
  let rig: FleetRig;
  let transports: Transport[] = [];
  beforeAll(async () => {
    rig = await start();
  });
  afterAll(() => rig.stop());
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    transports = [];
  });
  const make: MakeTransport = (settings) => {
    const transport = rig.make(settings);
    transports.push(transport);
    return transport;
  };
  /** Logins at the node, as its sshd counts them. */
  const logins = async (): Promise<number> => {
    const result = await rig.fleet.node(0).run("grep -c 'Accepted publickey' /run/sshd.log || true");
    return Number(result.stdout);
  };

  describe('a warm session', () => {
    it('serves many exchanges with one login, also when the first ones come at once', async () => {
      const transport = make({});
      const before = await logins();
      expect(transport.isWarm(rig.endpoint)).toBe(false);
      await Promise.all([1, 2, 3].map(() => run(transport, rig.endpoint, ask('exit 0'))));
      const later = await run(transport, rig.endpoint, ask('exit 0'));
      expect(transport.isWarm(rig.endpoint)).toBe(true);
      expect(later.phases).toMatchObject({ dialMs: 0, authMs: 0 });
      expect(await logins()).toBe(before + 1);
    });

    it('is not used by an exchange that asks for a connection of its own, and outlives that', async () => {
      const node = rig.fleet.node(0);
      const transport = make({});
      await run(transport, rig.endpoint, ask('exit 0'));
      const before = await logins();
      expect((await run(transport, rig.endpoint, ask('exit 0', { fresh: true }))).exitCode).toBe(0);
      expect(await logins()).toBe(before + 1);
      expect(transport.isWarm(rig.endpoint)).toBe(true);
      await node.stopSshd({ keepSessions: true });
      const refused = await failureOf(run(transport, rig.endpoint, ask('exit 0', { fresh: true })));
      expect([refused.causeClass, refused.started]).toEqual(['refused', false]);
      expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
      await node.startSshd();
    });

    it('waits with further commands where the host allows only two channels at once', async () => {
      const node = rig.fleet.node(0);
      await node.setSshdOption('MaxSessions', '2');
      const transport = make({});
      const before = await logins();
      const results = await Promise.all(
        Array.from({ length: 9 }, () => run(transport, rig.endpoint, ask('exit 0'))),
      );
      await node.setSshdOption('MaxSessions', undefined);
      expect(results.map((result) => result.exitCode)).toEqual(Array.from({ length: 9 }, () => 0));
      expect(await logins()).toBe(before + 1);
    });

    it('outlives the exchanges of keys that the host asks for in its life', async () => {
      const node = rig.fleet.node(0);
      await node.setSshdOption('RekeyLimit', '64K');
      const transport = make({});
      const before = await logins();
      const body = Buffer.alloc(300_000, 'x');
      const sizes: number[] = [];
      for (let round = 0; round < 3; round += 1)
        sizes.push((await run(transport, rig.endpoint, ask('echo', { body }))).stdout.length);
      await node.setSshdOption('RekeyLimit', undefined);
      expect(sizes).toEqual([body.length, body.length, body.length]);
      expect(await logins()).toBe(before + 1);
    });

    it('is closed after it was idle', async () => {
      const transport = make({ idleMs: 100 });
      await run(transport, rig.endpoint, ask('exit 0'));
      await until('the idle session is closed', () => !transport.isWarm(rig.endpoint));
      expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
    });

    it('is replaced without a word when the host dropped it meanwhile', async () => {
      const node = rig.fleet.node(0);
      const transport = make({});
      await run(transport, rig.endpoint, ask('exit 0'));
      await node.stopSshd();
      await node.startSshd();
      expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
    });

    it('that broke in the middle of a command leaves an unknown outcome', async () => {
      const node = rig.fleet.node(0);
      const transport = make({});
      const before = await rig.starts();
      const running = failureOf(run(transport, rig.endpoint, ask('silent')));
      await until('the command runs', async () => (await rig.starts()) > before);
      await node.stopSshd();
      expect(await running).toMatchObject({ causeClass: 'connection_lost', started: true, reached: true });
      expect(transport.isWarm(rig.endpoint)).toBe(false);
      await node.startSshd();
    });

    it('that died in silence is found by keepalive while a command runs', async () => {
      const node = rig.fleet.node(0);
      const transport = make({ keepaliveMs: 1_000, keepaliveCount: 1 });
      const before = await rig.starts();
      const running = failureOf(run(transport, rig.endpoint, ask('silent', { deadlineMs: 60_000 })));
      await until('the command runs', async () => (await rig.starts()) > before);
      await node.blackhole();
      expect(await running).toMatchObject({ causeClass: 'connection_lost', started: true });
      await node.unblackhole();
      expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
    });

    it('lets commands in flight end when another one ran out of time', async () => {
      const transport = make({});
      await run(transport, rig.endpoint, ask('exit 0'));
      const before = await rig.starts();
      const long = run(transport, rig.endpoint, ask('nap 2'));
      await until('the long command runs', async () => (await rig.starts()) > before);
      await failureOf(run(transport, rig.endpoint, ask('silent', { deadlineMs: 500 })));
      expect((await long).exitCode).toBe(0);
    });
  });

  describe('an unreachable node', () => {
    it('is refused where nothing listens, and works once something does', async () => {
      const node = rig.fleet.node(0);
      const transport = make({});
      await node.stopSshd();
      expect(await failureOf(run(transport, rig.endpoint, ask('exit 0')))).toMatchObject({
        causeClass: 'refused',
        reached: false,
        started: false,
      });
      await node.startSshd();
      expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
    });

    it('B10: ends at the dial limit where packets vanish', async () => {
      const node = rig.fleet.node(0);
      await node.blackhole();
      const failure = await failureOf(
        run(make({ dialMs: 1_000, readyMs: 500 }), rig.endpoint, ask('exit 0')),
      );
      await node.unblackhole();
      expect(failure).toMatchObject({ causeClass: 'timeout', reached: false, started: false });
    });

    it('is unreachable or silent where its cable is out', async () => {
      const node = rig.fleet.node(0);
      await node.unplug();
      const failure = await failureOf(
        run(make({ dialMs: 1_000, readyMs: 500 }), rig.endpoint, ask('exit 0')),
      );
      await node.plug();
      expect(['timeout', 'unreachable']).toContain(failure.causeClass);
      expect(failure.reached).toBe(false);
    });

    it('ends at the ready limit where the machine hangs but its kernel accepts', async () => {
      const node = rig.fleet.node(0);
      await node.freeze();
      const failure = await failureOf(
        run(make({ dialMs: 1_000, readyMs: 500 }), rig.endpoint, ask('exit 0')),
      );
      await node.thaw();
      expect(failure).toMatchObject({ causeClass: 'timeout', started: false });
    });

    it('is told from a name that does not resolve', async () => {
      const failure = await failureOf(
        run(make({}), { ...rig.endpoint, host: 'no-such.invalid' }, ask('exit 0')),
      );
      expect(failure).toMatchObject({ causeClass: 'dns', reached: false });
    });

    it("ends at the exchange's own deadline even while the dial has time left", async () => {
      const node = rig.fleet.node(0);
      await node.blackhole();
      const failure = await failureOf(run(make({}), rig.endpoint, ask('exit 0', { deadlineMs: 400 })));
      await node.unblackhole();
      expect(failure).toMatchObject({ causeClass: 'timeout', reached: false });
      expect(failure.message).toContain('400 ms');
    });
  });

  describe('closing', () => {
    it('leaves no socket and no process of ours, whatever state the node is in', async () => {
      const before = held();
      const healthy = make({ endGraceMs: 200 });
      await run(healthy, rig.endpoint, ask('exit 0'));
      const frozen = make({ endGraceMs: 200 });
      await run(frozen, rig.endpointOf(rig.fleet.node(1)), ask('exit 0'));
      await rig.fleet.node(1).freeze();
      const opening = make({ endGraceMs: 200 });
      const never = failureOf(run(opening, rig.endpointOf(rig.fleet.node(1)), ask('exit 0')));
      await Promise.all([healthy.close(), frozen.close(), opening.close()]);
      await never;
      await rig.fleet.node(1).thaw();
      await until(
        'nothing is left',
        () => held().sockets === before.sockets && held().children === before.children,
      );
      expect(held()).toEqual(before);
    });
  });
}
