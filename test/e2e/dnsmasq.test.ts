import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus, PushReport } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { dnsmasqOn, type NodeDnsmasq } from '../support/dnsmasq-on-node.ts';
import { hasProgram } from '../support/programs.ts';
import { fileOn, hasStarted, startRig, until, type Daemon, type Rig } from './rig.ts';

const ready = fleetAvailable('namespaces').available && hasProgram('dnsmasq');
const file = 'etc/dnsmasq.hosts.d/sync-controller.hosts';
type Services = Record<string, { ip?: string }>;

describe.skipIf(!ready)('a name server with a real dnsmasq', () => {
  let rig: Rig;
  let dnsmasq: NodeDnsmasq;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'worker' },
        { type: 'dnsmasq_nodes', name: 'ns' },
        { type: 'dnsmasq_nodes', name: 'bare' },
      ],
      settings: 'push:\n  loadMs: 3000\nretry:\n  attempts: 2\n  delayMs: 200\n',
    });
    // Machines that no registry knows yet: the cluster has the three lists of the predecessor.
    rig.edit(
      'sync-controller-registry',
      'registry.json',
      ({ dnsmasq_nodes: _, ...rest }: Record<string, unknown>) => rest,
    );
    dnsmasq = await dnsmasqOn(rig.node(1));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const registry = () =>
    rig.read('sync-controller-registry', 'registry.json') as Record<string, { name: string }[]>;
  const add = (index: number, name: string) =>
    rig.syncctl([
      'node',
      'add',
      rig.node(index).address,
      '--type',
      'dnsmasq',
      '--user',
      'node',
      '--name',
      name,
      '--yes',
    ]);
  const push = async (...words: readonly string[]): Promise<PushReport> =>
    JSON.parse((await rig.syncctl(['push', 'ns', '-o', 'json', ...words])).stdout) as PushReport;
  const services = (change: (services: Services) => Services): void => {
    rig.edit('service-registry', 'services.json', change);
  };
  const state = async () =>
    (JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus).nodes.find(
      ({ name }) => name === 'ns',
    );

  it('a cluster without such a node gets no list for it, whatever is pushed', async () => {
    expect((await rig.syncctl(['push'])).code).toBe(0);
    expect(Object.keys(registry())).not.toContain('dnsmasq_nodes');
  });

  it('node add finds the directory of names, and proves every name by a query', async () => {
    const ran = await add(1, 'ns');
    expect(ran.code, ran.stderr).toBe(0);
    expect(registry()['dnsmasq_nodes']).toMatchObject([{ name: 'ns' }]);
    expect((await push()).nodes).toMatchObject([{ state: 'active', rungs: ['digest', 'parsed', 'answers'] }]);
    expect(await dnsmasq.ask('demo.testcloud.local')).toEqual(['100.76.150.207']);
    expect(await dnsmasq.ask('grafana.testcloud.local')).toEqual(['100.76.150.202']);
  });

  it('a name answers for itself alone, for nothing below it', async () => {
    expect(await dnsmasq.ask('anything.demo.testcloud.local')).toBe('ENOTFOUND');
    expect(await dnsmasq.ask('other.testcloud.local')).toBe('ENOTFOUND');
  });

  it('health lists it after the three types of the predecessor', async () => {
    expect((await rig.syncctl(['health'])).stdout).toMatch(
      /Worker Nodes:\n {2}• worker: active .*\n\nDNS Nodes \(dnsmasq\):\n {2}• ns: active /u,
    );
  });

  it('a node whose dnsmasq has no directory of names is told what to write', async () => {
    const ran = await add(2, 'bare');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('hostsdir=/etc/dnsmasq.hosts.d');
    expect((await rig.syncctl(['node', 'remove', 'bare', '--abandon', '--yes'])).code).toBe(0);
  });

  it('an edit goes live by itself', async () => {
    daemon = rig.daemon();
    await hasStarted(daemon);
    services((all) => ({ ...all, demo: { ...all['demo'], ip: '100.76.150.99' } }));
    await until('the new address answers', async () =>
      (await dnsmasq.ask('demo.testcloud.local')).includes('100.76.150.99'),
    );
    await until('it is active', async () => (await state())?.state === 'active');
  });

  it('a withdrawn name is answered NXDOMAIN', async () => {
    services(({ grafana: _, ...all }) => all);
    await until(
      'the name is gone',
      async () => (await dnsmasq.ask('grafana.testcloud.local')) === 'ENOTFOUND',
    );
    expect(await dnsmasq.ask('demo.testcloud.local')).toEqual(['100.76.150.99']);
  });

  it('a dead dnsmasq is pending_sync with consumer_down, keeps the new file, and comes back without what was withdrawn', async () => {
    services((all) => ({ ...all, short: { ...all['demo'], subdomain: 'short', ip: '100.76.150.5' } }));
    await until('it serves the name', async () =>
      (await dnsmasq.ask('short.testcloud.local')).includes('100.76.150.5'),
    );
    await dnsmasq.stop();
    services(({ short: _, ...all }) => all);
    await until('it is down', async () => (await state())?.cause === 'consumer_down');
    expect(await state()).toMatchObject({
      state: 'pending_sync',
      remedy: expect.stringContaining('systemctl restart dnsmasq') as string,
    });
    expect(fileOn(rig.node(1), file)).not.toContain('short.testcloud.local');
    await dnsmasq.start();
    expect(await dnsmasq.ask('short.testcloud.local')).toBe('ENOTFOUND');
    expect((await push()).nodes).toMatchObject([{ state: 'active' }]);
  });

  it('a foreign line of the same name is found, and named, until it goes', async () => {
    await dnsmasq.foreign('demo.testcloud.local', '6.6.6.6');
    expect((await push()).nodes).toMatchObject([
      {
        verified: false,
        cause: 'not_answering',
        evidence: expect.stringContaining('100.76.150.99 for demo.testcloud.local') as string,
      },
    ]);
    await dnsmasq.foreign('demo.testcloud.local');
    expect((await push()).nodes).toMatchObject([{ state: 'active' }]);
  });

  it('a dnsmasq that did not follow its directory is told again, and then serves what is installed', async () => {
    await daemon.stop();
    const node = rig.node(1);
    // Written into the directory while nobody looks: dnsmasq is not told of a file that lies under a mount.
    await node.run('mkdir -p /run/hidden && mount --bind /run/hidden /etc/dnsmasq.hosts.d');
    await node.run('kill -HUP "$(cat /run/dnsmasq.pid)"');
    await until(
      'the names are gone',
      async () => (await dnsmasq.ask('demo.testcloud.local')) === 'ENOTFOUND',
    );
    await node.run('umount /etc/dnsmasq.hosts.d');
    expect((await push()).nodes).toMatchObject([{ state: 'active', changed: false }]);
    expect(await dnsmasq.ask('demo.testcloud.local')).toEqual(['100.76.150.99']);
  });

  it('an edit by hand is repaired, and what dnsmasq read of an editor in between is forgotten', async () => {
    await rig.node(1).run(`sed -i s/100.76.150.99/6.6.6.6/ /${file}`);
    await until('the wrong address answers', async () =>
      (await dnsmasq.ask('demo.testcloud.local')).includes('6.6.6.6'),
    );
    expect((await rig.syncctl(['reconcile'])).code).toBe(0);
    expect(await dnsmasq.ask('demo.testcloud.local')).toEqual(['100.76.150.99']);
  });

  it('node remove takes the file away, and dnsmasq answers none of the names', async () => {
    const ran = await rig.syncctl(['node', 'remove', 'ns', '--yes']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(fileOn(rig.node(1), file)).toBe('');
    await until(
      'the names are gone',
      async () => (await dnsmasq.ask('demo.testcloud.local')) === 'ENOTFOUND',
    );
    expect(registry()['dnsmasq_nodes']).toEqual([]);
  });
});
