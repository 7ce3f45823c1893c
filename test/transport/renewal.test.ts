import { copyFile, mkdtemp, rm, utimes } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOpensshTransport } from '../../src/transport/openssh.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { until } from '../fleet/process.ts';
import type { FleetNode } from '../fleet/types.ts';
import { ask, failureOf, fleetRig, run, type FleetRig, type MakeTransport } from './rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available ? '' : ` (skipped: ${possible.reason})`;
const descriptors = (): number => readdirSync('/proc/self/fd').length;

let rig: FleetRig;
let folder: string;
let transports: Transport[] = [];
const making =
  (create: (options: { settings: object }) => Transport): MakeTransport =>
  (settings) => {
    const transport = create({ settings });
    transports.push(transport);
    return transport;
  };
const loginsAt = async (node: FleetNode): Promise<number> =>
  Number((await node.run("grep -c 'Accepted publickey' /run/sshd.log || true")).stdout);
const through = (node: FleetNode, jump: FleetNode): Endpoint =>
  rig.endpointOf(node, { jumps: [rig.endpointOf(jump)] });

describe.skipIf(!possible.available)(`sessions that are replaced${title}`, () => {
  beforeAll(async () => {
    rig = await fleetRig((settings) => createSsh2Transport({ settings }), 4);
    folder = await mkdtemp(join(tmpdir(), 'renewal-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await rig.stop();
  });
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    transports = [];
  });

  describe.each([
    ['ssh2', making(createSsh2Transport)],
    ['openssh', making(createOpensshTransport)],
  ])('over %s', (_name, make) => {
    it('for their age: a new one is opened first, work on the old one ends in peace, and the old one is gone', async () => {
      const node = rig.fleet.node(0);
      const transport = make({ maxAgeMs: 1, loginBurst: 1_000 });
      await run(transport, rig.endpoint, ask('exit 0'));
      const [before, starts] = [await loginsAt(node), await rig.starts()];
      const long = run(transport, rig.endpoint, ask('nap 3'));
      await until('the long command runs', async () => (await rig.starts()) > starts);
      await until('a second login was made', async () => {
        const result = await run(transport, rig.endpoint, ask('exit 0'));
        expect([result.exitCode, transport.isWarm(rig.endpoint)]).toEqual([0, true]);
        return (await loginsAt(node)) > before;
      });
      expect((await long).exitCode).toBe(0);
      // Each use begins the next replacement; when nobody uses it one session is left.
      await until('one session is left at the node', async () => {
        const count = await node.run("pgrep -fc '[s]shd: node .priv.' || true");
        return Number(count.stdout) <= 1;
      });
    });

    it('fail nobody where the new one cannot be opened: the old one goes on', async () => {
      const node = rig.fleet.node(0);
      const transport = make({ maxAgeMs: 1 });
      await run(transport, rig.endpoint, ask('exit 0'));
      await node.stopSshd({ keepSessions: true });
      for (let round = 0; round < 5; round += 1) {
        expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
        await delay(50);
      }
      await node.startSshd();
      expect(transport.isWarm(rig.endpoint)).toBe(true);
    });

    it('when the key file was replaced', async () => {
      const key = join(folder, `key-${_name}`);
      await copyFile(rig.fleet.clientKey, key);
      const endpoint = { ...rig.endpoint, identities: [key] };
      const transport = make({});
      await run(transport, endpoint, ask('exit 0'));
      const before = await loginsAt(rig.fleet.node(0));
      await run(transport, endpoint, ask('exit 0'));
      expect(await loginsAt(rig.fleet.node(0))).toBe(before);
      await utimes(key, new Date(1_000), new Date(1_000));
      await until('the new key has logged in', async () => {
        expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(0);
        await delay(200);
        return (await loginsAt(rig.fleet.node(0))) === before + 1;
      });
    });

    it('at a jump host that many share fail none of those behind it', async () => {
      const [one, two, jump] = [rig.fleet.node(0), rig.fleet.node(1), rig.fleet.node(3)];
      const transport = make({ maxAgeMs: 300, loginBurst: 1_000 });
      const before = await loginsAt(jump);
      const failures: unknown[] = [];
      const work = [one, two, one, two].map(async (node) => {
        for (let round = 0; round < 12; round += 1) {
          await run(transport, through(node, jump), ask('nap 0.1')).catch((error: unknown) =>
            failures.push(error),
          );
        }
      });
      await Promise.all(work);
      expect(failures).toEqual([]);
      expect(await loginsAt(jump)).toBeGreaterThan(before + 1);
    });
  });

  describe('because they are wedged', () => {
    const make = making(createSsh2Transport);
    const quick = { warmChannelMs: 300, endGraceMs: 200 };

    it('leave no descriptor behind, and the second attempt goes over a new one in the same exchange', async () => {
      const node = rig.fleet.node(0);
      const transport = make(quick);
      await run(transport, rig.endpoint, ask('exit 0'));
      const [before, held] = [await loginsAt(node), descriptors()];
      await node.freeze('sessions');
      const result = await run(transport, rig.endpoint, ask('exit 0'));
      expect(result.exitCode).toBe(0);
      expect(await loginsAt(node)).toBe(before + 1);
      await until('the old socket is gone while its other end still hangs', () => descriptors() <= held);
      await node.thaw();
    });

    it('at a jump host: both it and what it carried are replaced in the same exchange', async () => {
      const [node, jump] = [rig.fleet.node(0), rig.fleet.node(3)];
      const transport = make(quick);
      await run(transport, through(node, jump), ask('exit 0'));
      const before = [await loginsAt(node), await loginsAt(jump)];
      await jump.freeze('sessions');
      const result = await run(transport, through(node, jump), ask('exit 0'));
      await jump.thaw();
      expect(result.exitCode).toBe(0);
      expect([await loginsAt(node), await loginsAt(jump)]).toEqual(before.map((count) => count + 1));
    });

    it('are told from a node that is silent behind a sound jump host: the others there keep theirs', async () => {
      const [silent, sound, jump] = [rig.fleet.node(0), rig.fleet.node(1), rig.fleet.node(3)];
      const transport = make({ ...quick, dialMs: 500 });
      await run(transport, through(sound, jump), ask('exit 0'));
      const before = [await loginsAt(sound), await loginsAt(jump)];
      await silent.blackhole();
      const failure = await failureOf(run(transport, through(silent, jump), ask('exit 0')));
      const beside = await run(transport, through(sound, jump), ask('exit 0'));
      await silent.unblackhole();
      expect(failure).toMatchObject({ causeClass: 'timeout', started: false, reached: false });
      expect(beside.exitCode).toBe(0);
      expect([await loginsAt(sound), await loginsAt(jump)]).toEqual(before);
    });

    it.each([
      [
        'nothing answers any more',
        (node: FleetNode) => node.blackhole(),
        (node: FleetNode) => node.unblackhole(),
      ],
      ['the whole machine hangs', (node: FleetNode) => node.freeze(), (node: FleetNode) => node.thaw()],
    ])(
      'end with their exchange, before a second after its deadline, where %s',
      async (_what, fault, mend) => {
        const node = rig.fleet.node(0);
        const transport = make({ ...quick, dialMs: 60_000, readyMs: 60_000 });
        await run(transport, rig.endpoint, ask('exit 0'));
        await fault(node);
        const deadlineMs = 1_200;
        const over = new AbortController();
        const late = delay(deadlineMs + 1_000, 'late' as const, { signal: over.signal });
        const first = await Promise.race([
          failureOf(run(transport, rig.endpoint, ask('exit 0', { deadlineMs }))),
          late,
        ]);
        over.abort();
        await mend(node);
        expect(first).toMatchObject({ causeClass: 'timeout', started: false });
      },
    );
  });
});
