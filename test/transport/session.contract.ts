import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { classifyExit } from '../../src/transport/exit.ts';
import { fingerprintOf } from '../../src/transport/host-keys.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ask, failureOf, pinsOf, run } from './rig.ts';
import type { FleetRig, MakeTransport } from './rig.ts';

/** What every SSH adapter promises of host keys, logins, sessions and hosts on the way; node 1 is a bastion, too. */
export function sessionContract(start: () => Promise<FleetRig>): void {
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

  describe('B11: host keys', () => {
    it('refuses a node of which nothing is pinned, before a program runs', async () => {
      const before = await rig.starts();
      const failure = await failureOf(run(make({}), { ...rig.endpoint, pins: [] }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'hostkey_unpinned', started: false, reached: true });
      expect(failure.message).toContain('nothing is pinned');
      expect(await rig.starts()).toBe(before);
    });

    it('refuses a node that shows another key, names both, and sends no byte of the payload', async () => {
      const before = await rig.starts();
      const pins = pinsOf([ed25519Key('somebody else').publicLine]);
      const failure = await failureOf(run(make({}), { ...rig.endpoint, pins }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'hostkey_changed', started: false, reached: true });
      expect(failure.message).toContain(fingerprintOf(rig.endpoint.pins[0]?.key ?? ''));
      expect(failure.message).toContain(fingerprintOf(pins[0]?.key ?? ''));
      expect(await rig.starts()).toBe(before);
    });

    it.each(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa'])(
      'asks the node for a key of the pinned type %s, so that its other keys are no alarm',
      async (type) => {
        const pins = rig.endpoint.pins.filter((pin) => pin.key.startsWith(type));
        expect(pins).toHaveLength(1);
        expect((await run(make({}), { ...rig.endpoint, pins }, ask('exit 0'))).exitCode).toBe(0);
      },
    );

    it('refuses a warm session as soon as its key is no longer pinned', async () => {
      const transport = make({});
      await run(transport, rig.endpoint, ask('exit 0'));
      const pins = pinsOf([ed25519Key('the new one').publicLine]);
      const changed = { ...rig.endpoint, pins };
      expect(transport.isWarm(changed)).toBe(false);
      expect(await failureOf(run(transport, changed, ask('exit 0')))).toMatchObject({
        causeClass: 'hostkey_changed',
      });
    });

    it('refuses a node after its key was replaced, and takes it again under the new pin', async () => {
      const node = rig.fleet.node(2);
      const transport = make({});
      const old = rig.endpointOf(node);
      await run(transport, old, ask('exit 0'));
      const lines = await node.newHostKey();
      // A session that stands was verified when it was opened; a new one meets the new key.
      const fresh = make({});
      const failure = await failureOf(run(fresh, old, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'hostkey_changed', started: false });
      expect((await run(fresh, { ...old, pins: pinsOf(lines) }, ask('exit 0'))).exitCode).toBe(0);
    });

    it('shows on request every key of an address, without a login', async () => {
      const { host, port } = rig.endpoint;
      const lines = await make({}).scan({ host, port }, 10_000);
      expect(lines).toEqual(rig.endpoint.pins.map((pin) => pin.key));
    });

    it('shows the keys of an address behind a jump host', async () => {
      const { host, port } = rig.endpoint;
      const jumps = [rig.endpointOf(rig.fleet.node(1))];
      expect(await make({}).scan({ host, port, jumps }, 10_000)).toEqual(
        rig.endpoint.pins.map((pin) => pin.key),
      );
    });
  });

  describe('B12: the login', () => {
    it('uses the named private key and skips files that do not exist', async () => {
      const identities = ['/no/such/mynodeone_id_ed25519', ...rig.endpoint.identities];
      expect((await run(make({}), { ...rig.endpoint, identities }, ask('exit 0'))).exitCode).toBe(0);
    });

    it('refuses without any key before it dials', async () => {
      const identities = ['/no/such/mynodeone_id_ed25519'];
      const failure = await failureOf(run(make({}), { ...rig.endpoint, identities, port: 1 }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'key_unusable', reached: false });
      expect(failure.message).toContain('/no/such/mynodeone_id_ed25519');
    });

    it('calls a refused key auth, once, and asks for no password', async () => {
      const node = rig.fleet.node(0);
      await node.removeAuthorizedKey();
      const failure = await failureOf(run(make({}), rig.endpoint, ask('exit 0')));
      await node.restoreAuthorizedKey();
      expect(failure).toMatchObject({ causeClass: 'auth', started: false, reached: true });
    });

    it('runs the bare program as root and sudo -n for everybody else', async () => {
      const transport = make({});
      for (const user of ['root', rig.endpoint.user]) {
        const result = await run(transport, { ...rig.endpoint, user }, ask('whoami'));
        expect(result.stdout.toString()).toBe('root\n');
      }
    });

    it('feeds the install program to a shell on the node', async () => {
      const exchange = { ...ask(''), program: 'install' as const, stdin: Buffer.from('id -un; exit 7\n') };
      const result = await run(make({}), rig.endpoint, exchange);
      expect([result.exitCode, result.stdout.toString()]).toEqual([7, 'root\n']);
    });

    it.each(['password', 'requiretty', 'missing'] as const)(
      'B10: tells at once that sudo does not work (%s), and never waits for a password',
      async (how) => {
        const node = rig.fleet.node(0);
        await node.breakSudo(how);
        const result = await run(make({}), rig.endpoint, ask('exit 0')).finally(() => node.restoreSudo());
        expect(classifyExit(result)?.cause).toBe('sudo');
      },
    );

    it.each(['root', 'node'])('tells that the receiver is missing, as %s', async (user) => {
      const node = rig.fleet.node(0);
      const place = '/usr/local/lib/sync-controller/receive';
      await node.run(`mv ${place} ${place}.aside`);
      const result = await run(make({}), { ...rig.endpoint, user }, ask('exit 0'));
      await node.run(`mv ${place}.aside ${place}`);
      expect(classifyExit(result)?.cause).toBe('receiver_missing');
    });
  });

  describe('jump hosts', () => {
    it('reaches a node through two hosts, each with its own pins', async () => {
      const jumps = [rig.endpointOf(rig.fleet.node(1)), rig.endpointOf(rig.fleet.node(3))];
      const result = await run(make({}), { ...rig.endpoint, jumps }, ask('whoami'));
      expect(result.stdout.toString()).toBe('root\n');
    });

    it('refuses a jump host of which nothing is pinned, also beside a warm way through it', async () => {
      const transport = make({});
      const bastion = rig.endpointOf(rig.fleet.node(1));
      await run(transport, { ...rig.endpoint, jumps: [bastion] }, ask('exit 0'));
      const before = await rig.starts();
      const bare = { ...rig.endpoint, jumps: [{ ...bastion, pins: [] }] };
      const failure = await failureOf(run(transport, bare, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'hostkey_unpinned', started: false, reached: false });
      expect(failure.message).toContain(`jump node@${bastion.host}`);
      expect(await rig.starts()).toBe(before);
    });

    it('tells that the jump host cannot reach the node', async () => {
      const jumps = [rig.endpointOf(rig.fleet.node(1))];
      const failure = await failureOf(run(make({}), { ...rig.endpoint, jumps, port: 9 }, ask('exit 0')));
      expect(['refused', 'unreachable']).toContain(failure.causeClass);
      expect(failure.reached).toBe(false);
    });
  });

  it('reaches a node over IPv6', async () => {
    const host = rig.fleet.node(0).address6 ?? '';
    expect((await run(make({}), { ...rig.endpoint, host }, ask('exit 0'))).exitCode).toBe(0);
  });
}
