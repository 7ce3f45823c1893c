import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { holdGreeting, judge } from '../../src/transport/greeting.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ask, failureOf, pinsOf, run } from './rig.ts';
import { scriptedHostKey, sshServer, tcpServer, type ScriptedServer } from './scripted-server.ts';

const greeting = Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n');

/** A stream into which a test puts what the other side says. */
function streamOf(): { stream: Duplex; say: (text: Buffer | string) => void } {
  const stream = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  return { stream, say: (text) => void stream.push(text) };
}

/** Listens the way ssh2 does: after the fact, in a microtask. */
async function listened(stream: Duplex): Promise<Buffer[]> {
  const heard: Buffer[] = [];
  await Promise.resolve();
  stream.on('data', (chunk: Buffer) => heard.push(chunk));
  stream.resume();
  return heard;
}

describe('what a server says first', () => {
  it.each([
    ['nothing', '', 'more'],
    ['a part of the line', 'SSH-2.0-Op', 'more'],
    ['the line', 'SSH-2.0-OpenSSH\r\n', 'whole'],
    ['the line after talk', 'welcome\r\nto this host\nSSH-2.0-OpenSSH\n', 'whole'],
    ['an ancient line', 'SSH-1.5-ancient\r\n', 'whole'],
    ['fifty lines and the line', `${'x\n'.repeat(50)}SSH-2.0-OpenSSH\n`, 'whole'],
    ['a line of 255 bytes', `SSH-2.0-${'x'.repeat(246)}\n`, 'whole'],
    ['a line of 256 bytes', `SSH-2.0-${'x'.repeat(247)}\n`, 'an identification line of more than 255 bytes'],
    ['a line without end', `SSH-2.0-${'x'.repeat(300)}`, 'an identification line of more than 255 bytes'],
    ['51 lines', 'x\n'.repeat(51), 'more than 50 lines before the SSH banner'],
    ['talk without end', 'x'.repeat(8_001), 'a line of more than 8000 bytes before the SSH banner'],
    ['long talk', `${'x'.repeat(7_000)}\n`.repeat(10), 'more than 65536 bytes before the SSH banner'],
  ])('of %s is judged', (_what, said, verdict) => {
    expect(judge(Buffer.from(said))).toBe(verdict);
  });

  it('is given over in one piece, however many segments it came in, and the rest as it comes', async () => {
    const { stream, say } = streamOf();
    holdGreeting(stream, () => undefined);
    const heard = await listened(stream);
    for (const byte of greeting) {
      say(Buffer.from([byte]));
      await delay(0);
    }
    say('packet');
    await delay(0);
    expect(heard.map(String)).toEqual([greeting.toString(), 'packet']);
    expect(stream.listenerCount('newListener')).toBe(0);
    expect(stream.listenerCount('data')).toBe(1);
  });

  it('loses no byte that came with the line, or before anybody listened', async () => {
    const { stream, say } = streamOf();
    say(Buffer.concat([greeting, Buffer.from('first packet')]));
    holdGreeting(stream, () => undefined);
    const heard = await listened(stream);
    await delay(0);
    expect(heard.map(String)).toEqual([`${greeting.toString()}first packet`]);
  });

  it('that is out of bounds is told once, and nobody hears it', async () => {
    const { stream, say } = streamOf();
    const told: string[] = [];
    holdGreeting(stream, (evidence) => told.push(evidence));
    const heard = await listened(stream);
    say('x\n'.repeat(60));
    say('x\n'.repeat(60));
    await delay(0);
    expect([told, heard]).toEqual([['more than 50 lines before the SSH banner'], []]);
  });
});

describe('a server that greets', () => {
  const hostKey = scriptedHostKey();
  let folder: string;
  let identity: string;
  let servers: ScriptedServer[] = [];
  let transports: Transport[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'greeting-'));
    identity = join(folder, 'id_ed25519');
    await writeFile(identity, ed25519Key('client').privateFile, { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await Promise.all(servers.map((server) => server.stop()));
    [transports, servers] = [[], []];
  });
  const endpointAt = ({ port }: ScriptedServer): Endpoint => ({
    ...{ id: nodeId('worker_nodes', '127.0.0.1'), host: '127.0.0.1', port, user: 'node' },
    ...{ identities: [identity], agentSocket: undefined, jumps: [], proxyCommand: undefined },
    pins: pinsOf([hostKey.publicLine]),
  });
  const make = (): Transport => {
    const transport = createSsh2Transport({ settings: { readyMs: 4_000, throttleMs: 50 } });
    transports.push(transport);
    return transport;
  };
  /** A real server, the first bytes of which come as told. */
  const greeting = async (say: (socket: Socket, first: Buffer) => Promise<void>): Promise<ScriptedServer> => {
    const real = await sshServer(
      {
        onCommand: (channel) => {
          channel.exit(0);
          channel.end();
        },
      },
      hostKey,
    );
    const front = await tcpServer((socket) => {
      const behind = connect(real.port, '127.0.0.1');
      behind.once('data', (first: Buffer) => {
        behind.pause();
        void say(socket, first).then(() => behind.pipe(socket));
      });
      socket.pipe(behind);
      socket.setNoDelay(true);
      for (const one of [behind, socket]) one.on('error', () => undefined);
      socket.on('close', () => behind.destroy());
    });
    servers.push(front, real);
    return front;
  };
  /** Each piece in a segment of its own. */
  const apart = async (socket: Socket, pieces: readonly Buffer[]): Promise<void> => {
    for (const piece of pieces) {
      socket.write(piece);
      await delay(5);
    }
  };
  const bytesOf = (first: Buffer): readonly Buffer[] => [...first].map((byte) => Buffer.from([byte]));

  it('in three segments is logged in to', async () => {
    const server = await greeting((socket, first) =>
      apart(socket, [first.subarray(0, 3), first.subarray(3, 9), first.subarray(9)]),
    );
    expect((await run(make(), endpointAt(server), ask('exit 0'))).exitCode).toBe(0);
  });

  it('byte by byte, after talk of its own, is logged in to, and its keys can be read', async () => {
    const server = await greeting((socket, first) =>
      apart(socket, bytesOf(Buffer.concat([Buffer.from('be welcome\r\n'), first]))),
    );
    expect((await run(make(), endpointAt(server), ask('exit 0'))).exitCode).toBe(0);
    const { port } = server;
    expect(await make().scan({ host: '127.0.0.1', port }, 10_000)).toEqual([
      hostKey.publicLine.split(' ').slice(0, 2).join(' '),
    ]);
  });

  it.each([
    ['names itself without end', `SSH-2.0-${'x'.repeat(400)}`],
    ['talks in lines without end', 'be welcome\r\n'.repeat(80)],
  ])('but %s is no SSH server of ours', async (_what, said) => {
    const server = await tcpServer((socket) => void socket.write(said));
    servers.push(server);
    const failure = await failureOf(run(make(), endpointAt(server), ask('exit 0')));
    expect(failure).toMatchObject({ causeClass: 'handshake', started: false });
  });
});
