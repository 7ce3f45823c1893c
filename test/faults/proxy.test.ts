import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../e2e/rig.ts';
import { startProxy, type Passage, type Proxy } from './proxy.ts';

const host = '127.0.0.1';

describe('the faulty wire', () => {
  let server: Server;
  let proxy: Proxy;
  let atNode: Socket[];
  let sockets: Socket[];
  beforeEach(async () => {
    [atNode, sockets] = [[], []];
    // Echoes, and ends its own side when the other ended.
    server = createServer({ allowHalfOpen: true }, (socket) => {
      atNode.push(socket);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    proxy = await startProxy({ host, to: { host, port: (server.address() as AddressInfo).port } });
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await proxy.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  const dial = async () => {
    const before = proxy.passages.length;
    const socket = connect({ host, port: proxy.port, allowHalfOpen: true });
    sockets.push(socket);
    const heard: Buffer[] = [];
    const seen = { error: '', ended: false, closed: false };
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => (seen.error = error.code ?? 'none'));
    socket.on('end', () => (seen.ended = true));
    socket.on('close', () => (seen.closed = true));
    await until('the connection is there', () => proxy.passages.length > before);
    const passage = proxy.passages.at(-1);
    if (passage === undefined) throw new Error('no passage');
    return { socket, seen, heard, text: () => Buffer.concat(heard).toString(), passage };
  };
  const pass = (passage: Passage): readonly number[] => [
    passage.passed('to-node'),
    passage.passed('from-node'),
  ];

  it('passes every byte both ways where nothing is broken', async () => {
    const line = await dial();
    const bytes = Buffer.alloc(3_000_000, 'abc');
    line.socket.end(bytes);
    await until('all came back', () => line.seen.ended);
    expect(Buffer.concat(line.heard).equals(bytes)).toBe(true);
    expect(pass(line.passage)).toEqual([3_000_000, 3_000_000]);
  });

  it('delays, and keeps the order however much the delay varies', async () => {
    proxy.set('to-node', { latencyMs: 60, jitterMs: 40 });
    const line = await dial();
    const since = performance.now();
    line.socket.write('one ');
    await until('it reached the other side', () => line.passage.passed('to-node') >= 4);
    expect(performance.now() - since).toBeGreaterThanOrEqual(60);
    for (const word of ['two ', 'three ', 'four ']) line.socket.write(word);
    line.socket.end();
    await until('all came back', () => line.seen.ended);
    expect(line.text()).toBe('one two three four ');
  });

  it('lets through no more than the bandwidth, and the sender feels it', async () => {
    proxy.set('to-node', { bytesPerSecond: 20_000 });
    const line = await dial();
    const since = performance.now();
    line.socket.end(Buffer.alloc(8_000, 'x'));
    await until('all came back', () => line.seen.ended);
    expect(performance.now() - since).toBeGreaterThanOrEqual(390);
    expect(line.text()).toHaveLength(8_000);
  });

  it('cuts a stream into segments of one byte', async () => {
    proxy.set('to-node', { sliceAfter: 0 });
    const line = await dial();
    const pieces: number[] = [];
    await until('the node has it', () => atNode.length > 0);
    atNode[0]?.on('data', (bytes: Buffer) => pieces.push(bytes.length));
    line.socket.end('a line of many pieces');
    await until('all came back', () => line.seen.ended);
    expect(line.text()).toBe('a line of many pieces');
    expect(pieces.length).toBeGreaterThan(5);
  });

  it.each([0, 1, 4, 7])('resets both sides after exactly %i bytes', async (after) => {
    proxy.set('to-node', { cut: { after, how: 'reset' } });
    const line = await dial();
    line.socket.write('0123456789');
    await until('it is over', () => line.seen.closed);
    expect(line.seen.error).toMatch(/ECONNRESET|EPIPE/u);
    expect(line.passage.passed('to-node')).toBe(after);
    await until('the node lost it as well', () => atNode.every((socket) => socket.destroyed));
  });

  it('closes one direction and leaves the other', async () => {
    const line = await dial();
    line.passage.halfClose('from-node');
    await until('we heard the end', () => line.seen.ended);
    const got: Buffer[] = [];
    await until('the node has it', () => atNode.length > 0);
    atNode[0]?.on('data', (bytes: Buffer) => got.push(bytes));
    line.socket.write('still here');
    await until('the node heard us', () => Buffer.concat(got).toString() === 'still here');
    expect([line.seen.closed, line.text()]).toEqual([false, '']);
  });

  it('drops one direction without a word, for the connection that is meant', async () => {
    const lost = await dial();
    const whole = await dial();
    lost.passage.set('from-node', { drop: true });
    lost.socket.write('x');
    whole.socket.write('y');
    await until('the other one answers', () => whole.text() === 'y');
    await until('the byte reached the node', () => lost.passage.passed('to-node') === 1);
    expect([lost.text(), lost.seen.closed]).toEqual(['', false]);
  });

  it('swallows both directions, and gives them back when the wire heals', async () => {
    const line = await dial();
    line.passage.blackhole();
    line.socket.write('into the dark');
    const other = await dial();
    other.socket.write('light');
    await until('a second connection works', () => other.text() === 'light');
    expect([line.text(), line.seen.closed]).toEqual(['', false]);
    proxy.heal();
    await until('what was said arrives', () => line.text() === 'into the dark');
  });

  it('gives connections that come later the faults of that time', async () => {
    proxy.set('from-node', { cut: { after: 3, how: 'close' } });
    const line = await dial();
    line.socket.write('abcdef');
    await until('we heard the end', () => line.seen.ended);
    expect(line.text()).toBe('abc');
    proxy.heal();
    const next = await dial();
    next.socket.end('abcdef');
    await until('all came back', () => next.seen.ended);
    expect(next.text()).toBe('abcdef');
  });
});
