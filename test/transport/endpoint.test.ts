import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { dedicatedKeys, endpointFor, parseJumps } from '../../src/transport/endpoint.ts';
import type { Account } from '../../src/transport/endpoint.ts';
import { nodeId } from '../../src/model/node.ts';
import type { Node } from '../../src/model/node.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { pinsOf } from './rig.ts';

const pins = pinsOf([ed25519Key('node').publicLine]);
const node: Node = {
  id: nodeId('worker_nodes', '100.64.0.7'),
  type: 'worker_nodes',
  address: '100.64.0.7',
  name: 'worker-1',
  sshUser: 'deploy',
  sshPort: undefined,
  hostKeys: pins,
  labels: {},
  publicDomain: undefined,
  repoPath: undefined,
  recorded: { status: undefined, lastSync: undefined, lastAttempt: undefined, lastError: undefined },
};
const settings = { identity: [], agent: undefined, port: 22, jumps: [] };
const root: Account = { env: { HOME: '/root' }, uid: 0 };

describe('the endpoint of a node', () => {
  it("is the row's address, user, port and pins", () => {
    expect(endpointFor({ ...node, sshPort: 2222 }, settings, root)).toMatchObject({
      ...{ id: node.id, host: '100.64.0.7', port: 2222, user: 'deploy', pins, proxyCommand: undefined },
    });
    expect(endpointFor(node, { ...settings, port: 2200 }, root).port).toBe(2200);
  });

  it('B12: uses the dedicated key of root, then of who became root by sudo', () => {
    const login = userInfo();
    expect(endpointFor(node, settings, root).identities).toEqual(['/root/.ssh/mynodeone_id_ed25519']);
    const sudo = { env: { HOME: '/root', SUDO_USER: login.username }, uid: 0 };
    expect(dedicatedKeys(sudo)).toContain(`${login.homedir}/.ssh/mynodeone_id_ed25519`);
    const admin = { env: { HOME: '/home/admin' }, uid: 1000 };
    expect(dedicatedKeys(admin)).toEqual(['/home/admin/.ssh/mynodeone_id_ed25519']);
  });

  it('takes the keys of the settings instead where they name some, and the agent last', () => {
    const account = { env: { SSH_AUTH_SOCK: '/run/agent' }, uid: 1000 };
    const found = endpointFor(node, { ...settings, identity: ['/etc/keys/one'] }, account);
    expect(found).toMatchObject({ identities: ['/etc/keys/one'], agentSocket: '/run/agent' });
    expect(endpointFor(node, { ...settings, agent: '/run/other' }, account).agentSocket).toBe('/run/other');
    expect(endpointFor(node, settings, { env: { SSH_AUTH_SOCK: '' }, uid: 0 }).agentSocket).toBeUndefined();
  });

  it('passes through the hosts of the settings with their own users, ports and pins', () => {
    const jumps = [{ user: 'admin', host: 'bastion', port: 2200, pins }];
    const [jump] = endpointFor(node, { ...settings, jumps }, root).jumps;
    expect(jump).toMatchObject({ user: 'admin', host: 'bastion', port: 2200, pins, jumps: [] });
  });
});

describe('hosts to pass through', () => {
  it.each([
    ['bastion', [{ user: 'me', host: 'bastion', port: 22 }]],
    ['admin@bastion:2200', [{ user: 'admin', host: 'bastion', port: 2200 }]],
    ['admin@[fd00::1]:2200', [{ user: 'admin', host: 'fd00::1', port: 2200 }]],
    [
      'a@one, b@two:23',
      [
        { user: 'a', host: 'one', port: 22 },
        { user: 'b', host: 'two', port: 23 },
      ],
    ],
  ])('are read from %j', (text, jumps) => {
    expect(parseJumps(text, 'me')).toEqual(jumps);
  });

  it.each(['', 'a@', '-oProxyCommand=id@b', 'a@b:0', 'a@b:99999', 'a@b c', 'a@-b', 'a@b,,c'])(
    'are not read from %j',
    (text) => {
      expect(() => parseJumps(text, 'me')).toThrow(/ssh\.jump: expected user@host:port/u);
    },
  );
});
