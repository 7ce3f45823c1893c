import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';
import type { Bundle } from '../../src/model/bundle.ts';
import type { TargetMemory } from '../../src/model/outcome.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { hostsBundle } from '../../src/plan/render-hosts.ts';
import type { Approach, PushContext } from '../../src/push/context.ts';
import { pushNode } from '../../src/push/push-node.ts';
import { Unconfirmed } from '../../src/push/unconfirmed.ts';
import { endpointFor } from '../../src/transport/endpoint.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import { enrolByHand, planOf } from '../support/enrolled.ts';

const clusterId = 'sc-0123456789abcdef';
const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('pushNode on a real sshd node', () => {
  let fleet: Fleet;
  const transport = createSsh2Transport();
  let seq = 0;
  let term = { epoch: 1, writer: 'writer01' };

  beforeAll(async () => {
    fleet = await startFleet({ nodes: 2 });
    for (const node of fleet.nodes) enrolByHand(node, 'hosts');
  });
  afterAll(async () => {
    await transport.close();
    await fleet.stop();
  });

  const push = async (
    node: FleetNode,
    bundle: Bundle,
    options: {
      approach?: Approach;
      memory?: TargetMemory;
      takeOver?: boolean;
      cluster?: string;
      additionsOnly?: boolean;
    } = {},
  ) => {
    const plan = planOf(node, 'worker_nodes', bundle);
    const endpoint = endpointFor(
      plan.node,
      { identity: [fleet.clientKey], agent: undefined, port: 22, jumps: [] },
      { env: {}, uid: 0 },
    );
    const context: PushContext = {
      lane: {
        transport,
        endpoint,
        clusterId: options.cluster ?? clusterId,
        random: systemRandom,
        deadlineMs: 10_000,
      },
      clock: systemClock,
      nextPosition: () => ({ ...term, seq: (seq += 1) }),
      slot: (work) => work(),
      memory: options.memory,
      loadMs: 1_000,
      takeOver: options.takeOver ?? false,
      unconfirmed: new Unconfirmed(),
      additionsOnly: options.additionsOnly ?? false,
    };
    return pushNode(plan, options.approach ?? 'apply', context, new AbortController().signal);
  };

  it('installs, and proves by digest, parse and resolver', async () => {
    const outcome = await push(fleet.node(0), bundleOf('demo.testcloud.local', '100.76.150.207'));
    expect(outcome).toMatchObject({ ok: true, changed: true, rungs: ['digest', 'parsed', 'resolves'] });
  });

  it('re-asserts without a change', async () => {
    const outcome = await push(fleet.node(0), bundleOf('demo.testcloud.local', '100.76.150.207'));
    expect(outcome).toMatchObject({ ok: true, changed: false });
  });

  it('B14: a look does not take a stale block for the plan, and repairs it', async () => {
    const node = fleet.node(0);
    await node.run("sed -i 's/100.76.150.207/6.6.6.6/' /etc/hosts");
    const outcome = await push(node, bundleOf('demo.testcloud.local', '100.76.150.207'), {
      approach: 'check',
    });
    expect(outcome).toMatchObject({ ok: true, changed: true });
    expect((await node.run('getent ahostsv4 demo.testcloud.local')).stdout).toContain('100.76.150.207');
  });

  it('B16: does not call a node verified whose resolver answers something else', async () => {
    const node = fleet.node(1);
    await node.run(
      "printf '9.9.9.9\\tshadowed.testcloud.local\\n' | cat - /etc/hosts > /tmp/h && cat /tmp/h > /etc/hosts",
    );
    const outcome = await push(node, bundleOf('shadowed.testcloud.local', '100.76.150.1'));
    expect(outcome).toMatchObject({ ok: false, cause: 'not_resolving', reachable: true });
  });

  it('is told FENCED with the higher fence by a node that has seen a later term', async () => {
    const bundle = bundleOf('demo.testcloud.local', '100.76.150.207');
    term = { epoch: 5, writer: 'writer05' };
    expect((await push(fleet.node(0), bundle)).ok).toBe(true);
    term = { epoch: 4, writer: 'writer04' };
    expect(await push(fleet.node(0), bundle)).toMatchObject({
      ok: false,
      cause: 'fenced',
      fence: { epoch: 5, writer: 'writer05' },
    });
    term = { epoch: 5, writer: 'writer99' };
    expect(await push(fleet.node(0), bundle)).toMatchObject({ ok: false, cause: 'rival' });
    term = { epoch: 6, writer: 'writer06' };
    expect((await push(fleet.node(0), bundle)).ok).toBe(true);
  });

  it('does not take a target from another control plane without being told to', async () => {
    const other = 'sc-other-cluster';
    const bundle = hostsBundle(other, [{ ip: '100.76.150.9', name: 'other.testcloud.local' }]);
    expect(await push(fleet.node(0), bundle, { cluster: other })).toMatchObject({
      ok: false,
      cause: 'owned',
    });
    expect(await push(fleet.node(0), bundle, { cluster: other, takeOver: true })).toMatchObject({ ok: true });
  });

  it('keeps names the plan does not know while no complete source was ever seen', async () => {
    const node = fleet.node(0);
    expect((await push(node, bundleOf('old.testcloud.local', '100.76.150.3'), { takeOver: true })).ok).toBe(
      true,
    );
    expect(
      (await push(node, bundleOf('new.testcloud.local', '100.76.150.4'), { additionsOnly: true })).ok,
    ).toBe(true);
    const hosts = (await node.run('cat /etc/hosts')).stdout;
    expect(hosts).toContain('100.76.150.3\told.testcloud.local');
    expect(hosts).toContain('100.76.150.4\tnew.testcloud.local');
  });

  it('notes that a node lost its record of us', async () => {
    const node = fleet.node(1);
    const memory: TargetMemory = {
      accepted: { epoch: 6, writer: 'writer06' },
      installed: undefined,
      rungs: [],
    };
    await node.run('rm -rf /var/lib/sync-controller; sed -i /shadowed/d /etc/hosts');
    expect(await push(node, bundleOf('demo.testcloud.local', '100.76.150.207'), { memory })).toMatchObject({
      ok: true,
      notes: ['node_reset'],
    });
  });

  it('names a refused target, a read-only and a full file system', async () => {
    const node = fleet.node(1);
    await node.remountReadOnly('/etc');
    expect(await push(node, bundleOf('new.testcloud.local', '100.76.150.7'))).toMatchObject({
      ok: false,
      cause: 'readonly',
    });
    await node.remountReadWrite('/etc');
    await node.run('mv /etc/hosts /etc/hosts.real && ln -s hosts.real /etc/hosts');
    expect(await push(node, bundleOf('new.testcloud.local', '100.76.150.7'))).toMatchObject({
      ok: false,
      cause: 'target_refused',
    });
    await node.run('rm /etc/hosts && mv /etc/hosts.real /etc/hosts');
    expect((await push(node, bundleOf('new.testcloud.local', '100.76.150.7'))).ok).toBe(true);
  });

  it('says that sudo refuses, that the receiver is missing, and that the node is gone', async () => {
    const node = fleet.node(1);
    const bundle = bundleOf('new.testcloud.local', '100.76.150.7');
    await node.breakSudo('password');
    expect(await push(node, bundle)).toMatchObject({ ok: false, cause: 'sudo', reachable: true });
    await node.restoreSudo();
    await node.run('mv /usr/local/lib/sync-controller/receive /usr/local/lib/sync-controller/hidden');
    expect(await push(node, bundle)).toMatchObject({ ok: false, cause: 'receiver_missing', reachable: true });
    await node.run('mv /usr/local/lib/sync-controller/hidden /usr/local/lib/sync-controller/receive');
    await node.stopSshd();
    expect(await push(node, bundle)).toMatchObject({ ok: false, cause: 'refused', reachable: false });
    await node.startSshd();
  });
});

function bundleOf(name: string, ip: string): Bundle {
  return hostsBundle(clusterId, [{ ip, name }]);
}
