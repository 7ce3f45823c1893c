import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ask, failureOf, pinsOf, run } from './rig.ts';
import type { Adapter, MakeTransport } from './rig.ts';
import { scriptedHostKey, sshServer, tcpServer } from './scripted-server.ts';
import type { ScriptedServer, SshScript } from './scripted-server.ts';

const hostKey = scriptedHostKey();

/** Writes one byte at a time, for ever. */
function dribble(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text[at % text.length] ?? '');
    at += 1;
  }, 50);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

/** What every SSH adapter makes of servers that misbehave at each step. */
export function faultsContract(makeTransport: MakeTransport, adapter: Adapter): void {
  let folder: string;
  let identity: string;
  let transports: Transport[] = [];
  let servers: ScriptedServer[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'faults-'));
    identity = join(folder, 'id_ed25519');
    await writeFile(identity, ed25519Key('client').privateFile, { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await Promise.all(servers.map((server) => server.stop()));
    transports = [];
    servers = [];
  });
  const limits = { dialMs: 1_000, readyMs: 700, channelMs: 500, endGraceMs: 100, throttleMs: 50 };
  const make = (): Transport => {
    const transport = makeTransport(limits);
    transports.push(transport);
    return transport;
  };
  const endpointAt = (server: ScriptedServer): Endpoint => ({
    id: nodeId('worker_nodes', '127.0.0.1'),
    host: '127.0.0.1',
    port: server.port,
    user: 'node',
    identities: [identity],
    agentSocket: undefined,
    pins: pinsOf([hostKey.publicLine]),
    jumps: [],
    proxyCommand: undefined,
  });
  const tcp = async (onConnection: (socket: Socket) => void): Promise<Endpoint> => {
    const server = await tcpServer(onConnection);
    servers.push(server);
    return endpointAt(server);
  };
  const ssh = async (script: SshScript): Promise<Endpoint> => {
    const server = await sshServer(script, hostKey);
    servers.push(server);
    return endpointAt(server);
  };

  describe('a server that misbehaves before the login', () => {
    it.each([
      ['accepts and says nothing', (): undefined => undefined, 'timeout'],
      [
        'dribbles its banner byte by byte',
        (socket: Socket): void => {
          dribble(socket, 'x');
        },
        'timeout',
      ],
      ['closes before its banner', (socket: Socket): unknown => socket.end(), 'throttled'],
      ['resets before its banner', (socket: Socket): unknown => socket.resetAndDestroy(), 'throttled'],
      [
        'says that it has too many connections',
        (socket: Socket): unknown => socket.end('Exceeded MaxStartups\r\n'),
        'throttled',
      ],
    ] as const)('that %s', async (_what, behave, causeClass) => {
      const failure = await failureOf(run(make(), await tcp(behave), ask('exit 0')));
      expect(failure).toMatchObject({ causeClass, started: false });
    });

    it('that speaks another protocol is no SSH server, and no SSH server is asked twice', async () => {
      const server = await tcpServer((socket) => void socket.end('SSH-1.5-ancient\r\n'));
      servers.push(server);
      const failure = await failureOf(run(make(), endpointAt(server), ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'handshake', started: false });
      expect(server.taken()).toBe(1);
    });

    it('that closes after its banner without a word is a broken connection', async () => {
      const endpoint = await tcp((socket) => {
        socket.write('SSH-2.0-OpenSSH_9.2\r\n');
        setTimeout(() => socket.destroy(), 50);
      });
      const failure = await failureOf(run(make(), endpoint, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'connection_lost', started: false });
    });
  });

  describe('a server that misbehaves at the login', () => {
    it('that never answers it ends at the ready limit', async () => {
      const endpoint = await ssh({ onLogin: () => undefined });
      expect(await failureOf(run(make(), endpoint, ask('exit 0')))).toMatchObject({
        causeClass: 'timeout',
        started: false,
      });
    });

    it('that refuses every key is asked once a key, and with no other method', async () => {
      const methods: string[] = [];
      const endpoint = await ssh({
        onLogin: (context) => {
          methods.push(context.method);
          context.reject(['password', 'keyboard-interactive', 'publickey']);
        },
      });
      expect(await failureOf(run(make(), endpoint, ask('exit 0')))).toMatchObject({
        causeClass: 'auth',
        reached: true,
      });
      expect(methods.filter((method) => method !== 'none')).toEqual(['publickey']);
    });

    it('that hangs up during it is a broken connection, not a refused key', async () => {
      const endpoint = await ssh({ onLogin: (_context, connection) => void connection.end() });
      expect(await failureOf(run(make(), endpoint, ask('exit 0')))).toMatchObject({
        causeClass: 'connection_lost',
        started: false,
      });
    });
  });

  describe('a server that misbehaves around the command', () => {
    it('that ends its output without an exit status leaves an unknown outcome', async () => {
      const endpoint = await ssh({ onCommand: (channel) => void channel.end('half a receipt') });
      const result = await run(make(), endpoint, ask('exit 0'));
      expect(result.exitCode).toBeUndefined();
      expect(result.stdout.toString()).toBe('half a receipt');
    });

    it('that reports a signal leaves no exit code', async () => {
      const endpoint = await ssh({
        onCommand: (channel) => {
          channel.exit('KILL', false, '');
          channel.end();
        },
      });
      expect((await run(make(), endpoint, ask('exit 0'))).exitCode).toBeUndefined();
    });

    const losesAfterExit: SshScript = {
      onCommand: (channel, socket) => {
        channel.write('first half');
        channel.exit(0);
        setTimeout(() => socket.destroy(), 100);
      },
    };
    if (adapter.seesExitApart) {
      it('that loses the connection after the exit status leaves an unknown outcome: output may be missing', async () => {
        const failure = await failureOf(run(make(), await ssh(losesAfterExit), ask('exit 0')));
        expect(failure).toMatchObject({ causeClass: 'connection_lost', started: true });
      });
    } else {
      it('that loses the connection after the exit status looks complete: only a receipt can tell', async () => {
        const result = await run(make(), await ssh(losesAfterExit), ask('exit 0'));
        expect(result.stdout.toString()).toBe('first half');
      });
    }

    it('that refuses the channel is told apart from a broken connection', async () => {
      const endpoint = await ssh({
        onSession: (_accept, reject) => {
          reject();
        },
      });
      const failure = await failureOf(run(make(), endpoint, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'throttled', reached: true });
    });
  });
}
