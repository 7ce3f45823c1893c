import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { overlaySshConfig } from '../../src/enrol/ssh-config-endpoint.ts';
import { nodeId } from '../../src/model/node.ts';
import type { Node } from '../../src/model/node.ts';
import { endpointFor } from '../../src/transport/endpoint.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ManualClock } from '../support/manual-clock.ts';

const node: Node = {
  id: nodeId('vps_nodes', '100.64.0.7'),
  type: 'vps_nodes',
  address: '100.64.0.7',
  name: 'vps-1',
  sshUser: 'deploy',
  sshPort: undefined,
  hostKeys: [],
  labels: {},
  publicDomain: undefined,
  repoPath: undefined,
  recorded: { status: undefined, lastSync: undefined, lastAttempt: undefined, lastError: undefined },
};

describe('an endpoint with ssh_config laid over it', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const overlay = async (
    text: string,
    row: Partial<Node> = {},
    identity: readonly string[] = [],
  ): Promise<Endpoint> => {
    const file = join(folder, 'config');
    await writeFile(file, text);
    const settings = { identity, agent: undefined, port: 22, jumps: [] };
    const endpoint = endpointFor({ ...node, ...row }, settings, { env: { HOME: '/home/admin' }, uid: 1000 });
    const options = {
      identity,
      port: 22,
      knownHosts: [join(folder, 'known_hosts')],
      clock: new ManualClock(),
      file,
    };
    return await overlaySshConfig({ ...node, ...row }, endpoint, options);
  };

  it('takes port and keys from it, after the dedicated key', async () => {
    const found = await overlay('Host 100.64.0.7\n  Port 2222\n  IdentityFile ~/.ssh/vps\n');
    expect(found.port).toBe(2222);
    expect(found.identities).toEqual(['/home/admin/.ssh/mynodeone_id_ed25519', join(homedir(), '.ssh/vps')]);
  });

  it("leaves the row's own port and user, and the keys of our settings", async () => {
    const text = 'Host 100.64.0.7\n  Port 2222\n  User other\n  IdentityFile /other\n';
    const found = await overlay(text, { sshPort: 2200 }, ['/ours']);
    expect([found.port, found.user, found.identities]).toEqual([2200, 'deploy', ['/ours']]);
  });

  it('passes through its jump hosts, pinned from known_hosts only', async () => {
    const key = ed25519Key('bastion').publicLine.split(' ').slice(0, 2).join(' ');
    await writeFile(join(folder, 'known_hosts'), `[bastion.example]:2200 ${key}\n`);
    const none = join(folder, 'none');
    const found = await overlay(
      `Host 100.64.0.7\n  ProxyJump admin@bastion.example:2200,inner.example\n  UserKnownHostsFile ${none}\n`,
    );
    expect(found.jumps).toMatchObject([
      { user: 'admin', host: 'bastion.example', port: 2200, pins: [{ key, source: 'known_hosts' }] },
      { host: 'inner.example', port: 22, pins: [] },
    ]);
  });

  it('hands its ProxyCommand on', async () => {
    expect((await overlay('Host 100.64.0.7\n  ProxyCommand nc %h %p\n')).proxyCommand).toBe('nc %h %p');
  });
});
