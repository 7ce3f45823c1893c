import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installReceiver } from '../../src/enrol/install.ts';
import { assemble, loadReceiver } from '../../src/enrol/receiver-file.ts';
import type { ReceiverFile } from '../../src/enrol/receiver-file.ts';
import { removeReceiver } from '../../src/enrol/remove.ts';
import { nodeId } from '../../src/model/node.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { decodeReceipt } from '../../src/wire/receipt.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';
import { pinsOf } from '../transport/rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available
  ? 'the receiver on a node'
  : `the receiver on a node (skipped: ${possible.reason})`;
const wanted = new AbortController().signal;

describe.skipIf(!possible.available)(title, () => {
  let fleet: Fleet;
  let transport: Transport;
  let receiver: ReceiverFile;
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 6 });
    transport = createSsh2Transport();
    receiver = await loadReceiver();
  });
  afterAll(async () => {
    await transport.close();
    await fleet.stop();
  });
  const endpointOf = (node: FleetNode, user = node.user): Endpoint => ({
    id: nodeId('management_laptops', node.address),
    host: node.address,
    port: node.port,
    user,
    identities: [fleet.clientKey],
    agentSocket: undefined,
    pins: pinsOf(node.hostKeys),
    jumps: [],
    proxyCommand: undefined,
  });
  const withVersion = (version: string): ReceiverFile => ({
    ...receiver,
    version,
    bytes: Buffer.from(
      receiver.bytes.toString('utf8').replace(/^readonly VERSION=.*$/mu, `readonly VERSION=${version}`),
    ),
  });

  it.each(['node', 'root'])('is installed by %s and then answers a check', async (user) => {
    const node = fleet.node(user === 'root' ? 1 : 0);
    const endpoint = endpointOf(node, user);
    const installed = await installReceiver({ transport, endpoint, kinds: ['hosts'] }, wanted);
    expect(installed).toMatchObject({
      ok: true,
      answer: { result: 'ENROLLED', previous: '', targets: [{ kind: 'hosts' }] },
    });
    const nonce = 'abcdef0123456789';
    const stdin = encodeRequest({
      ...{
        mode: 'check',
        cluster: 'cluster-1',
        node: endpoint.id,
        kind: 'hosts',
        epoch: 0,
        writer: 'writer00',
        seq: 0,
      },
      ...{
        base: undefined,
        document: undefined,
        nonce,
        deadlineMs: 10_000,
        confirmSeconds: 0,
        flags: [],
        fallback: undefined,
      },
    });
    const exchange = { program: 'receive', stdin, deadlineMs: 20_000, maxOutputBytes: 100_000 } as const;
    const result = await transport.exchange(endpoint, exchange, wanted);
    expect(decodeReceipt(result.stdout, nonce)).toMatchObject({
      result: 'CHECKED',
      facts: { receiver: receiver.version },
    });
  });

  it('is upgraded in place, and keeps the target descriptions that a person changed', async () => {
    const node = fleet.node(2);
    const endpoint = endpointOf(node);
    await installReceiver({ transport, endpoint, kinds: ['hosts'], receiver: withVersion('0.9.0') }, wanted);
    const target = join(node.rootDir, 'etc/sync-controller/targets.d/hosts');
    await node.run("sed -i 's/^mode=.*/mode=0600/' /etc/sync-controller/targets.d/hosts");
    const upgraded = await installReceiver({ transport, endpoint, kinds: ['hosts'] }, wanted);
    expect(upgraded).toMatchObject({
      ok: true,
      answer: { previous: '0.9.0', targets: [{ written: false }] },
    });
    expect(await readlink(join(node.rootDir, 'usr/local/lib/sync-controller/receive'))).toBe(
      `receive-${receiver.version}`,
    );
    expect(await readFile(target, 'utf8')).toContain('mode=0600');
  });

  it('is never replaced by a lower one, while missing targets are still written', async () => {
    const node = fleet.node(3);
    const endpoint = endpointOf(node);
    await installReceiver({ transport, endpoint, kinds: [], receiver: withVersion('9.9.9') }, wanted);
    const result = await installReceiver({ transport, endpoint, kinds: ['hosts'] }, wanted);
    expect(result).toMatchObject({
      ok: true,
      answer: { version: '9.9.9', targets: [{ kind: 'hosts', written: true }] },
    });
    expect(await readlink(join(node.rootDir, 'usr/local/lib/sync-controller/receive'))).toBe('receive-9.9.9');
  });

  it('with other bytes of the same version is replaced only when asked to', async () => {
    const endpoint = endpointOf(fleet.node(0));
    const other = { ...receiver, bytes: Buffer.concat([receiver.bytes, Buffer.from('# changed\n')]) };
    const refused = await installReceiver({ transport, endpoint, kinds: [], receiver: other }, wanted);
    expect(refused).toMatchObject({ ok: false, cause: 'receiver_outdated' });
    const replaced = await installReceiver(
      { transport, endpoint, kinds: [], receiver: other, flags: ['replace'] },
      wanted,
    );
    expect(replaced.ok).toBe(true);
  });

  it('finds no Traefik where there is none, and installs it all the same', async () => {
    const node = fleet.node(4);
    const result = await installReceiver(
      { transport, endpoint: endpointOf(node), kinds: ['traefik-routes'] },
      wanted,
    );
    expect(result).toMatchObject({ ok: false, cause: 'target_unknown', reachable: true });
    expect(await readlink(join(node.rootDir, 'usr/local/lib/sync-controller/receive'))).toBe(
      `receive-${receiver.version}`,
    );
  });

  it('finds the folder of Traefik and the public domain in what the predecessor left', async () => {
    const node = fleet.node(4);
    await node.run(
      'mkdir -p ~/traefik/config ~/.mynodeone && echo \'PUBLIC_DOMAIN="example.org"\' >~/.mynodeone/config.env',
      { user: 'node' },
    );
    const result = await installReceiver(
      { transport, endpoint: endpointOf(node), kinds: ['traefik-routes'] },
      wanted,
    );
    expect(result).toMatchObject({
      ok: true,
      answer: {
        public_domain: 'example.org',
        targets: [{ kind: 'traefik-routes', path: '/home/node/traefik/config/mynodeone-routes.yml' }],
      },
    });
  });

  it('names what a node lacks', async () => {
    const node = fleet.node(5);
    await node.run('mv /usr/bin/flock /usr/bin/flock.aside');
    const result = await installReceiver({ transport, endpoint: endpointOf(node), kinds: ['hosts'] }, wanted);
    await node.run('mv /usr/bin/flock.aside /usr/bin/flock');
    expect(result).toMatchObject({ ok: false, cause: 'requirements', reachable: true });
    expect(!result.ok && result.evidence).toContain('flock');
  });

  it('is not installed by a user whose sudo asks for a password, and says so', async () => {
    const node = fleet.node(5);
    await node.breakSudo('password');
    const result = await installReceiver({ transport, endpoint: endpointOf(node), kinds: ['hosts'] }, wanted);
    await node.restoreSudo();
    expect(result).toMatchObject({ ok: false, cause: 'sudo', reachable: true });
  });

  it('is not upgraded through a key that may only run it, and the refusal says so', async () => {
    const node = fleet.node(1);
    await node.run(
      `sed -i 's|^|restrict,command="/usr/local/lib/sync-controller/receive" |' /root/.ssh/authorized_keys`,
    );
    const fresh = createSsh2Transport();
    const result = await installReceiver(
      { transport: fresh, endpoint: endpointOf(node, 'root'), kinds: [] },
      wanted,
    );
    await fresh.close();
    await node.restoreAuthorizedKey();
    expect(result).toMatchObject({ ok: false, cause: 'receiver_outdated' });
    expect(!result.ok && result.evidence).toContain('restricted');
  });

  it('tells an unreachable node from one that refuses', async () => {
    const endpoint = { ...endpointOf(fleet.node(0)), port: 9 };
    const result = await installReceiver({ transport, endpoint, kinds: ['hosts'] }, wanted);
    expect(result).toMatchObject({ ok: false, cause: 'refused', reachable: false });
  });

  it('is taken out kind by kind, and everything with the last one', async () => {
    const node = fleet.node(4);
    const endpoint = endpointOf(node);
    await installReceiver({ transport, endpoint, kinds: ['hosts', 'traefik-routes'] }, wanted);
    const left = async (): Promise<string> =>
      (
        await node.run(
          'ls -d /usr/local/lib/sync-controller /etc/sync-controller/targets.d/* /var/lib/sync-controller 2>/dev/null',
        )
      ).stdout;
    expect((await removeReceiver({ transport, endpoint, kinds: ['hosts'] }, wanted)).ok).toBe(true);
    expect((await left()).split('\n')).toContain('/etc/sync-controller/targets.d/traefik-routes');
    expect(await left()).not.toContain('targets.d/hosts');
    expect((await removeReceiver({ transport, endpoint, kinds: ['traefik-routes'] }, wanted)).ok).toBe(true);
    expect(await left()).toBe('');
  });
});

describe('the receiver of this release', () => {
  it('is assembled from scripts/ with its version and its installer', async () => {
    const file = await assemble(join(import.meta.dirname, '../../scripts'));
    expect(file.version).toMatch(/^\d+\.\d+\.\d+$/u);
    expect(file.bytes.toString('utf8')).toContain(`readonly VERSION=${file.version}`);
    expect(file.installer.toString('utf8')).toContain('SCI1');
  });

  it('says which script failed where it cannot be assembled', async () => {
    await expect(assemble('/no/such/scripts')).rejects.toThrow('/no/such/scripts/build-receiver.sh');
  });
});
