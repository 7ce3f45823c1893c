import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertSafe, hostWithPort, isPort, isSafeHost, isSafeUser } from '../../src/transport/address.ts';

describe('B18: words that reach a command line', () => {
  it.each(['root', 'node', 'deploy_1', 'first.last', 'user@domain', 'svc$', '_sys'])(
    'takes the user %s',
    (user) => {
      expect(isSafeUser(user)).toBe(true);
    },
  );

  it.each(['10.0.0.1', 'fd00::1', 'fe80::1%eth0', 'vps-1', 'node.tail1234.ts.net', '::1'])(
    'takes the host %s',
    (host) => {
      expect(isSafeHost(host)).toBe(true);
    },
  );

  it('takes no user or host that begins like an option, or holds a blank, a control or a sign of a shell', () => {
    const signs = Array.from(' \t\n\r\0\'"`$;|&<>()[]{}*?!#~\\');
    const bad = fc.oneof(
      fc.string().map((text) => `-${text}`),
      fc.tuple(fc.string(), fc.constantFrom(...signs), fc.string()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(bad, (text) => {
        // A trailing dollar is how machine accounts of a directory service end.
        expect(isSafeUser(text) && !/^[A-Za-z0-9_.@+-]+\$$/u.test(text)).toBe(false);
        expect(isSafeHost(text)).toBe(false);
      }),
    );
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN, Infinity])('takes no port %s', (port) => {
    expect(isPort(port)).toBe(false);
  });

  it('checks the hosts on the way as strictly as the node', () => {
    const jump = {
      ...{ id: 'x@y' as never, host: 'bastion', port: 22, user: '-oProxyCommand=id', identities: [] },
      ...{ agentSocket: undefined, pins: [], jumps: [], proxyCommand: undefined },
    };
    expect(() => {
      assertSafe({ host: 'node', port: 22, jumps: [jump] });
    }).toThrow(/ssh user/u);
  });

  it('writes a port as known_hosts does', () => {
    expect([hostWithPort('h', 22), hostWithPort('h', 2222), hostWithPort('fd00::1', 23)]).toEqual([
      'h',
      '[h]:2222',
      '[fd00::1]:23',
    ]);
  });
});
