import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { createOpensshTransport } from '../../src/transport/openssh.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { until } from '../fleet/process.ts';
import { ask, failureOf, pinsOf, run, type MakeTransport } from './rig.ts';
import {
  scriptedHostKey,
  sshServer,
  tcpServer,
  type ScriptedServer,
  type SshScript,
} from './scripted-server.ts';

const hostKey = scriptedHostKey();
const quick: SshScript = {
  onCommand: (channel) => {
    channel.exit(0);
    channel.end();
  },
};

describe.each([
  ['ssh2', (settings) => createSsh2Transport({ settings })],
  ['openssh', (settings) => createOpensshTransport({ settings })],
] as const satisfies readonly (readonly [string, MakeTransport])[])(
  'logins over %s',
  (adapter, makeTransport) => {
    let folder: string;
    let identities: readonly string[];
    let servers: ScriptedServer[] = [];
    let transports: Transport[] = [];
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'logins-'));
      identities = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const file = join(folder, `id-${String(index)}`);
          await writeFile(file, ed25519Key('client').privateFile, { mode: 0o600 });
          return file;
        }),
      );
    });
    afterAll(() => rm(folder, { recursive: true }));
    afterEach(async () => {
      await Promise.all(transports.map((transport) => transport.close()));
      await Promise.all(servers.map((server) => server.stop()));
      [transports, servers] = [[], []];
    });
    const make: MakeTransport = (settings) => {
      const transport = makeTransport({ readyMs: 5_000, ...settings });
      transports.push(transport);
      return transport;
    };
    const endpointAt = ({ port }: ScriptedServer, keys = 1): Endpoint => ({
      ...{ id: nodeId('worker_nodes', '127.0.0.1'), host: '127.0.0.1', port, user: 'node' },
      ...{ agentSocket: undefined, jumps: [], proxyCommand: undefined },
      identities: identities.slice(0, keys),
      pins: pinsOf([hostKey.publicLine]),
    });
    const serve = async (script: SshScript): Promise<ScriptedServer> => {
      const server = await sshServer(script, hostKey);
      servers.push(server);
      return server;
    };
    /** A server in front of a real one, which decides about each connection. */
    const doorOf = async (isWelcome: (knock: number) => boolean): Promise<ScriptedServer> => {
      const real = await serve(quick);
      let knocks = 0;
      const door = await tcpServer((socket: Socket) => {
        knocks += 1;
        if (!isWelcome(knocks)) {
          socket.destroy();
          return;
        }
        const behind = connect(real.port, '127.0.0.1');
        behind.on('error', () => undefined);
        socket.pipe(behind).pipe(socket);
        socket.on('close', () => behind.destroy());
        behind.on('close', () => socket.destroy());
      });
      servers.push(door);
      return door;
    };

    it('that are dropped twice are made in the same exchange: nobody is told of two drops', async () => {
      const door = await doorOf((knock) => knock > 2);
      const result = await run(make({ throttleMs: 20 }), endpointAt(door), ask('exit 0'));
      expect([result.exitCode, door.taken()]).toEqual([0, 3]);
    });

    it('that are dropped three times end as throttled, and further ones do not even knock', async () => {
      const door = await doorOf(() => false);
      const transport = make({ throttleMs: 2_500 });
      const first = await failureOf(run(transport, endpointAt(door), ask('exit 0', { deadlineMs: 30_000 })));
      expect(first).toMatchObject({ causeClass: 'throttled', started: false });
      const knocks = door.taken();
      const next = await failureOf(run(transport, endpointAt(door), ask('exit 0', { deadlineMs: 1_000 })));
      expect(next).toMatchObject({ causeClass: 'throttled', started: false, reached: false });
      expect(next.message).toMatch(/closed before the SSH banner \d times in a row, left alone for \d+ s/u);
      expect(door.taken()).toBe(knocks);
    });

    it('under a penalty that every knock lengthens come through in the end, one knock at a time', async () => {
      // In place of a clock: the penalty is over when one knock has come much later than the one before.
      let last = 0;
      let calmMs = 100;
      const gaps: number[] = [];
      const door = await doorOf(() => {
        const now = performance.now();
        const gap = now - last;
        gaps.push(gap);
        const isOver = gaps.length > 1 && gap > calmMs;
        if (!isOver) calmMs += 30;
        last = now;
        return isOver;
      });
      const transport = make({ throttleMs: 30 });
      await until('the host lets us in again', async () => {
        const tries = [1, 2, 3].map(() =>
          run(transport, endpointAt(door), ask('exit 0')).catch(() => undefined),
        );
        return (await Promise.all(tries)).some((result) => result?.exitCode === 0);
      });
      expect(door.taken()).toBeLessThan(10);
    });

    it('beyond the burst wait for their turn, and end as throttled where their time does not last', async () => {
      const server = await serve(quick);
      const transport = make({ loginBurst: 2, loginRefillMs: 60_000 });
      const fresh = (): Promise<unknown> =>
        run(transport, endpointAt(server), ask('exit 0', { fresh: true }));
      await Promise.all([fresh(), fresh()]);
      const failure = await failureOf(run(transport, endpointAt(server), ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'throttled', started: false, reached: false });
      expect(failure.message).toContain('too many logins of ours just now');
      expect(server.taken()).toBe(2);
    });

    it('count no command over a session that stands', async () => {
      const server = await serve(quick);
      const transport = make({ loginBurst: 1, loginRefillMs: 60_000 });
      for (let round = 0; round < 5; round += 1)
        expect((await run(transport, endpointAt(server), ask('exit 0'))).exitCode).toBe(0);
      expect(server.taken()).toBe(1);
    });

    describe('with keys that the host refuses', () => {
      const refusing: SshScript = {
        onLogin: (context) => {
          context.reject(['publickey']);
        },
      };

      it('are made once; the same keys are not shown again until one changes', async () => {
        const server = await serve(refusing);
        const transport = make({});
        const push = () => failureOf(run(transport, endpointAt(server), ask('exit 0')));
        expect(await push()).toMatchObject({ causeClass: 'auth', reached: true });
        for (let round = 0; round < 3; round += 1) {
          const again = await push();
          expect(again).toMatchObject({ causeClass: 'auth', reached: true, started: false });
          expect(again.message).toContain('unless a key changes or somebody pushes');
        }
        expect(server.taken()).toBe(1);
        await utimes(identities[0] ?? '', new Date(1_000), new Date(server.port * 1_000));
        expect(await push()).toMatchObject({ causeClass: 'auth' });
        expect(server.taken()).toBe(2);
      });

      it('are made again where a person asks', async () => {
        const server = await serve(refusing);
        const transport = make({});
        for (let round = 0; round < 2; round += 1)
          await failureOf(run(transport, endpointAt(server), ask('exit 0', { insist: true })));
        expect(server.taken()).toBe(2);
      });

      it('show no more than the limit, and say how many stayed at home', async () => {
        let shown = 0;
        const server = await serve({
          onLogin: (context) => {
            if (context.method === 'publickey') shown += 1;
            context.reject(['publickey']);
          },
        });
        const failure = await failureOf(run(make({ maxKeys: 3 }), endpointAt(server, 8), ask('exit 0')));
        expect(failure.causeClass).toBe('auth');
        expect(shown).toBe(3);
        if (adapter === 'ssh2') expect(failure.message).toContain('5 more were not offered (ssh.maxKeys)');
      });
    });
  },
);
