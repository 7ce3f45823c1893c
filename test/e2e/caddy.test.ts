import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus, PlanReport, PushReport } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { caddyOn, type NodeCaddy } from '../support/caddy-on-node.ts';
import { hasProgram } from '../support/programs.ts';
import { fileOn, hasStarted, startRig, until, type Daemon, type Rig } from './rig.ts';

const ready = fleetAvailable('namespaces').available && hasProgram('caddy');
const file = 'etc/caddy/sync-controller.caddy';
type Services = Record<string, { ip?: string; port?: number; public?: boolean; subdomain?: string }>;

describe.skipIf(!ready)('public services on an edge with a real Caddy', () => {
  let rig: Rig;
  let caddy: NodeCaddy;
  let daemon: Daemon;
  const backends: Server[] = [];
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'unused' },
        { type: 'caddy_nodes', name: 'edge' },
        { type: 'caddy_nodes', name: 'bare' },
      ],
      settings: 'push:\n  loadMs: 3000\nretry:\n  attempts: 1\n',
    });
    rig.edit('sync-controller-registry', 'registry.json', () => ({
      management_laptops: [],
      vps_nodes: [],
      worker_nodes: [],
    }));
    caddy = await caddyOn(rig.node(1));
    const [first] = [await backend('first'), await backend('second')];
    services((all) => ({ demo: { ...all['demo'], ...first } }));
  });
  afterAll(async () => {
    for (const server of backends) server.close();
    await rig.stop();
  });

  async function backend(word: string): Promise<{ ip: string; port: number }> {
    const server = createServer((_request, response) => response.end(word));
    backends.push(server);
    server.listen(0, rig.fleet.controllerAddress);
    await once(server, 'listening');
    return addressOf(backends.length - 1);
  }

  function addressOf(index: number): { ip: string; port: number } {
    return {
      ip: rig.fleet.controllerAddress,
      port: (backends[index]?.address() as AddressInfo).port,
    };
  }

  const add = (index: number, name: string) =>
    rig.syncctl([
      ...['node', 'add', rig.node(index).address, '--type', 'caddy', '--user', 'node'],
      ...['--name', name, '--yes'],
    ]);
  const push = async (): Promise<PushReport> =>
    JSON.parse((await rig.syncctl(['push', '-o', 'json'])).stdout) as PushReport;
  const services = (change: (services: Services) => Services): void => {
    rig.edit('service-registry', 'services.json', change);
  };
  const state = async () =>
    (JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus).nodes.find(
      ({ name }) => name === 'edge',
    );

  it('node add finds the import and the admin API, and active means loaded and answering', async () => {
    const ran = await add(1, 'edge');
    expect(ran.code, ran.stderr).toBe(0);
    expect((await push()).nodes).toMatchObject([
      { name: 'edge', state: 'active', rungs: ['digest', 'parsed', 'loaded', 'answers'] },
    ]);
  });

  it('a request by host name reaches the backend, and sites of others stay', async () => {
    expect(await caddy.ask('demo.example.org')).toBe('first 200');
    expect(await caddy.ask('mine.example.net')).toBe('mine 200');
    expect(await caddy.askPlain('demo.example.org')).toBe('308');
    expect(await caddy.ask('anything.demo.example.org')).toBe('000');
  });

  it('health lists it after the types of the predecessor', async () => {
    expect((await rig.syncctl(['health'])).stdout).toMatch(
      /Worker Nodes:\n\nCaddy Edge Nodes:\n {2}• edge: active /u,
    );
  });

  it('a node whose Caddyfile imports nothing of ours is told what to write', async () => {
    const ran = await add(2, 'bare');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('import sync-controller*.caddy');
    expect((await rig.syncctl(['node', 'remove', 'bare', '--abandon', '--yes'])).code).toBe(0);
  });

  it('plan shows the lines of a publication, and push writes exactly what render prints', async () => {
    services((all) => ({ ...all, chat: { ...all['demo'], subdomain: 'chat' } }));
    const plan = await rig.syncctl(['plan', 'edge', '-o', 'json']);
    expect((JSON.parse(plan.stdout) as PlanReport).nodes[0]?.diff).toContain('+chat.example.org {');
    const rendered = (await rig.syncctl(['render', 'edge'])).stdout;
    expect((await push()).nodes).toMatchObject([{ state: 'active' }]);
    expect(fileOn(rig.node(1), file)).toBe(rendered);
    expect(await caddy.ask('chat.example.org')).toBe('first 200');
    expect((await rig.syncctl(['plan', 'edge'])).code).toBe(0);
  });

  it('an edit of a backend goes live by itself', async () => {
    daemon = rig.daemon();
    await hasStarted(daemon);
    services((all) => ({ ...all, demo: { ...all['demo'], ...addressOf(1) } }));
    await until(
      'the other backend answers',
      async () => (await caddy.ask('demo.example.org')) === 'second 200',
    );
    await until('it is active', async () => (await state())?.state === 'active');
  });

  it('a withdrawn route is served no more, and the last one leaves a file that Caddy takes', async () => {
    services((all) => ({ ...all, chat: { ...all['chat'], public: false } }));
    await until('chat is gone', async () => (await caddy.ask('chat.example.org')) === '000');
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
    services((all) => ({ ...all, demo: { ...all['demo'], public: false } }));
    await until('demo is gone', async () => (await caddy.ask('demo.example.org')) === '000');
    expect(await caddy.askPlain('demo.example.org')).toBe('404');
    const valid = await rig.node(1).run('HOME=/root caddy validate --config /etc/caddy/Caddyfile');
    expect(valid.code, valid.stderr).toBe(0);
    await until('it is active', async () => (await state())?.state === 'active');
    services((all) => ({ ...all, demo: { ...all['demo'], public: true } }));
    await until('demo is back', async () => (await caddy.ask('demo.example.org')) === 'second 200');
  });

  it('a dead Caddy is pending_sync with consumer_down, keeps the new file, and comes back without what was withdrawn', async () => {
    services((all) => ({ ...all, chat: { ...all['chat'], public: true } }));
    await until('chat is served', async () => (await caddy.ask('chat.example.org')) === 'first 200');
    await until('it is active', async () => (await state())?.state === 'active');
    await caddy.stop();
    services((all) => ({ ...all, chat: { ...all['chat'], public: false } }));
    await until('it is down', async () => (await state())?.cause === 'consumer_down');
    expect(await state()).toMatchObject({
      state: 'pending_sync',
      remedy: expect.stringContaining('systemctl restart caddy') as string,
    });
    expect(fileOn(rig.node(1), file)).not.toContain('chat.example.org');
    await caddy.start();
    expect(await caddy.ask('chat.example.org')).toBe('000');
    await daemon.stop();
    expect((await push()).nodes).toMatchObject([{ state: 'active' }]);
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
  });

  it('a site of somebody else under the same name is named, and Caddy keeps what it had', async () => {
    caddy.caddyfile('taken.example.org {\n\trespond "taken"\n}\n');
    services((all) => ({ ...all, taken: { ...all['demo'], subdomain: 'taken' } }));
    expect((await push()).nodes).toMatchObject([
      {
        verified: false,
        cause: 'restored',
        evidence: expect.stringMatching(/ambiguous site definition.*taken\.example\.org/u) as string,
      },
    ]);
    expect(fileOn(rig.node(1), file)).not.toContain('taken.example.org');
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
    const valid = await rig.node(1).run('HOME=/root caddy validate --config /etc/caddy/Caddyfile');
    expect(valid.code, valid.stderr).toBe(0);
    caddy.caddyfile('');
    expect((await push()).nodes).toMatchObject([{ state: 'active', changed: true }]);
    expect(await caddy.ask('taken.example.org')).toBe('second 200');
  });

  it('a route that was changed through the API of Caddy is found and loaded anew', async () => {
    const node = rig.node(1);
    await node.run(
      `curl -s http://localhost:2019/config/ | sed 's/:${String(addressOf(1).port)}"/:9"/g' >/tmp/config.json && curl -s -f -X POST -H 'Content-Type: application/json' --data-binary @/tmp/config.json http://localhost:2019/load`,
    );
    await until('the wrong backend is loaded', async () =>
      (await caddy.ask('demo.example.org')).endsWith('502'),
    );
    expect((await push()).nodes).toMatchObject([{ state: 'active', changed: false }]);
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
  });

  it('an edit by hand is repaired', async () => {
    await rig.node(1).run(`sed -i s/demo.example.org/evil.example.org/ /${file}`);
    expect((await rig.syncctl(['reconcile'])).code).toBe(0);
    expect(fileOn(rig.node(1), file)).not.toContain('evil');
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
  });

  it('in a cluster with several domains it serves what is routed to it by name', async () => {
    expect((await rig.syncctl(['domain', 'add', 'example.com'])).code).toBe(0);
    const routed = await rig.syncctl(['domain', 'route', 'demo', 'example.com', '--vps', 'edge', '--yes']);
    expect(routed.code, routed.stderr).toBe(0);
    await push();
    await until('both names are served', async () => (await caddy.ask('demo.example.com')) === 'second 200');
    expect(await caddy.ask('demo.example.org')).toBe('second 200');
  });

  it('node remove takes it out of the routes and its file away, and Caddy serves none of its names', async () => {
    const ran = await rig.syncctl(['node', 'remove', 'edge', '--yes']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(fileOn(rig.node(1), file)).toBe('');
    expect(await caddy.ask('demo.example.org')).toBe('000');
    expect(await caddy.ask('mine.example.net')).toBe('mine 200');
    expect(JSON.stringify(rig.read('domain-registry', 'routing.json'))).not.toContain(rig.node(1).address);
    const valid = await rig.node(1).run('HOME=/root caddy validate --config /etc/caddy/Caddyfile');
    expect(valid.code, valid.stderr).toBe(0);
  });
});
