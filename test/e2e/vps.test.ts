import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { traefikOn, type NodeTraefik } from '../support/traefik-on-node.ts';
import type { PlanReport, PushReport } from '../../src/contract/report.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';

const ready =
  fleetAvailable('namespaces').available &&
  traefikAvailable('v2').available &&
  traefikAvailable('v3').available;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';
type Services = Record<string, { public?: boolean }>;

describe.skipIf(!ready)('public services on VPS nodes with a real Traefik', () => {
  let rig: Rig;
  const traefik: NodeTraefik[] = [];
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'vps-v2' },
        { type: 'vps_nodes', name: 'vps-v3' },
        { type: 'vps_nodes', name: 'bare' },
      ],
    });
    traefik.push(await traefikOn(rig.node(0), 'v2'), await traefikOn(rig.node(1), 'v3'));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const push = async (): Promise<PushReport> =>
    JSON.parse((await rig.syncctl(['push', '-o', 'json'])).stdout) as PushReport;
  const byName = (report: PushReport, name: string) => report.nodes.find((node) => node.name === name);

  it('the installation finds the folder and the API of Traefik, and active means loaded and answering', async () => {
    const report = await push();
    expect(byName(report, 'vps-v2')).toMatchObject({
      state: 'active',
      rungs: ['digest', 'parsed', 'loaded', 'answers'],
    });
    expect(byName(report, 'vps-v3')).toMatchObject({
      state: 'active',
      rungs: ['digest', 'parsed', 'loaded', 'answers'],
    });
    expect(fileOn(rig.node(0), routesFile)).toContain('Host(`demo.example.org`)');
  });

  it('a VPS without any Traefik says so instead of being active', async () => {
    const report = await push();
    expect(byName(report, 'bare')).toMatchObject({ verified: false });
    expect(byName(report, 'bare')?.remedy).not.toBe('');
  });

  it('plan shows the lines a publication would add, and push is exactly that plan', async () => {
    rig.edit('service-registry', 'services.json', (services: Services) => ({
      ...services,
      grafana: { ...services['grafana'], public: true },
    }));
    const plan = await rig.syncctl(['plan', 'vps-v2', 'vps-v3', '-o', 'json']);
    expect(plan.code).toBe(2);
    const diffs = (JSON.parse(plan.stdout) as PlanReport).nodes.map((node) => node.diff);
    expect(diffs.every((diff) => diff.includes('+      rule: "Host(`grafana.example.org`)"'))).toBe(true);
    const rendered = (await rig.syncctl(['render', 'vps-v2'])).stdout;
    await push();
    expect(fileOn(rig.node(0), routesFile)).toBe(rendered);
    expect((await rig.syncctl(['plan', 'vps-v2'])).code).toBe(0);
  });

  it('B25: un-publishing the last public service leaves no route on any node', async () => {
    rig.edit('service-registry', 'services.json', (services: Services) =>
      Object.fromEntries(
        Object.entries(services).map(([name, service]) => [name, { ...service, public: false }]),
      ),
    );
    await push();
    for (const [index, one] of traefik.entries()) {
      expect(await one.ask('demo.example.org')).toBe('404');
      expect(fileOn(rig.node(index), routesFile)).not.toContain('Host(');
    }
  });

  it('reconcile notices a hand-edited file and repairs it', async () => {
    rig.edit('service-registry', 'services.json', (services: Services) => ({
      ...services,
      demo: { ...services['demo'], public: true },
    }));
    await push();
    await rig.node(0).run(`sed -i 's/100.76.150.207/6.6.6.6/' /${routesFile}`);
    const ran = await rig.syncctl(['reconcile', '-o', 'json']);
    expect(byName(JSON.parse(ran.stdout) as PushReport, 'vps-v2')).toMatchObject({
      state: 'active',
      changed: true,
    });
    await until('the file is ours again', () => fileOn(rig.node(0), routesFile).includes('100.76.150.207'));
  });
});
