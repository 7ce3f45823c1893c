import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codeOf, dialFailure, dialTcp } from '../../src/transport/dial.ts';
import { tcpServer } from './scripted-server.ts';

const never = new AbortController().signal;

describe('a dialled connection', () => {
  it('sends small packets at once: with Nagle every command would wait 40 ms for a delayed ACK', async () => {
    const server = await tcpServer(() => undefined);
    const socket = await dialTcp({ host: '127.0.0.1', port: server.port }, 1_000, never);
    expect(inspect(socket, { showHidden: true, depth: 0 })).toContain('Symbol(kSetNoDelay): true');
    socket.destroy();
    await server.stop();
  });

  it('survives an error after it was handed over, which is the affair of its user', async () => {
    const server = await tcpServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const socket = await dialTcp({ host: '127.0.0.1', port: server.port }, 1_000, never);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('now');
    socket.resume();
    await closed;
    expect(socket.destroyed).toBe(true);
    await server.stop();
  });

  it("ends with the signal's reason, and leaves nothing open", async () => {
    const reason = new Error('given up');
    await expect(dialTcp({ host: '127.0.0.1', port: 9 }, 1_000, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
  });
});

describe('the class of an error while dialling', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['ETIMEDOUT', 'timeout'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['EPERM', 'unreachable'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNRESET', 'throttled'],
    ['EWHATEVER', 'unreachable'],
  ] as const)('of %s is %s', (code, cause) => {
    const error = Object.assign(new Error('x'), { code });
    expect(dialFailure(error, '10.0.0.1', 22)).toMatchObject({
      causeClass: cause,
      reached: false,
      started: false,
    });
  });

  it('is that of the first address where all of a name failed', () => {
    const each = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error('x'), { code }));
    expect(codeOf(new AggregateError(each))).toBe('ECONNREFUSED');
    expect(codeOf('no error at all')).toBe('');
  });
});
