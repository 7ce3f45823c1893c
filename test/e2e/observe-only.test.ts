import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, hasStarted, startRig, until, type Daemon, type Rig } from './rig.ts';

const fleet = fleetAvailable('namespaces');
const availability = fleet.available ? fleet : { ...fleet, howTo: 'run as root' };
const legacy =
  '127.0.0.1\tlocalhost\n\n# MyNodeOne Services - Auto-synced on Sat Nov 8\n100.76.150.9\tdemo.testcloud.local\n100.76.150.8\tgone.testcloud.local\n\n::1\tlocalhost\n';

describe.skipIf(!availability.available)(suiteTitle('observe only', availability), () => {
  let rig: Rig;
  let daemon: Daemon;
  let before: string;

  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'management_laptops', name: 'laptop', hosts: legacy },
        { type: 'vps_nodes', name: 'vps' },
      ],
      settings: 'observeOnly: true\n',
    });
    const traefik = join(rig.node(1).rootDir, 'home/node/traefik/config');
    mkdirSync(traefik, { recursive: true });
    writeFileSync(
      join(traefik, 'mynodeone-routes.yml'),
      '# MyNodeOne Routes - Auto-generated from service registry\nGenerated on: Sat Nov 21\n\nhttp:\n  routers:\n    old:\n      rule: "Host(`old.example.org`)"\n      service: old-service\n  services:\n    old-service:\n      loadBalancer:\n        servers:\n          - url: "http://100.76.150.207:80"\n',
    );
    before = everything();
    daemon = rig.daemon();
    await hasStarted(daemon);
  });
  afterAll(() => rig.stop());

  /** Digest of all files that a push, an enrolment or the predecessor could touch, and of the registries. */
  const everything = (): string => {
    const hash = createHash('sha256');
    const walk = (path: string): void => {
      const facts = statSync(path, { throwIfNoEntry: false });
      if (facts === undefined) return;
      hash.update(`${path.replace(/^\/proc\/\d+/u, '')} ${String(facts.mode)} ${String(facts.uid)}\n`);
      if (facts.isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name));
      else if (facts.isFile()) hash.update(readFileSync(path));
    };
    for (const index of [0, 1])
      for (const path of [
        'etc/hosts',
        'etc/sync-controller',
        'usr/local/lib/sync-controller',
        'var/lib/sync-controller',
        'home',
      ])
        walk(join(rig.node(index).rootDir, path));
    walk(rig.registry);
    return hash.digest('hex');
  };
  const health = async (): Promise<{
    standing: string;
    nodes: { name: string; cause: string; evidence: string }[];
  }> => JSON.parse((await rig.syncctl(['health', '-o', 'json'])).stdout) as never;

  it('looks at every node and says what a push would change', async () => {
    await until('both nodes were looked at', async () =>
      (await health()).nodes.every(({ cause }) => cause === 'observing'),
    );
    const { standing, nodes } = await health();
    expect(standing).toBe('observing');
    expect(nodes[0]?.evidence).toBe(
      'a push would add 1, move 1, lose 1 of its names, and replace what the predecessor wrote',
    );
    expect(nodes[1]?.evidence).toBe(
      'a push would add 1, lose 1 of its names, and replace what the predecessor wrote',
    );
    const text = await rig.syncctl(['health']);
    expect(text.stdout).toContain('Observe only: nothing is written to any node or registry');
    expect((await rig.syncctl(['status'])).stdout).toContain('observing: it only observes');
  });

  it('refuses everything that would write, and names the command that ends it', async () => {
    for (const words of [
      ['push'],
      ['reconcile'],
      ['service', 'publish', 'grafana'],
      ['term', 'take', '--reason', 'x'],
      ['node', 'remove', 'vps', '--yes'],
    ]) {
      const ran = await rig.syncctl(words);
      expect([words, ran.code]).toEqual([words, 75]);
      expect(ran.stderr).toContain('syncctl adopt');
    }
  });

  it('plans without a receiver on the nodes', async () => {
    const plan = await rig.syncctl(['plan']);
    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain('demo.testcloud.local');
  });

  it('has written nothing anywhere, through an edit, a pass and a restart', async () => {
    rig.edit('service-registry', 'services.json', (services: object) => ({ ...services }));
    expect(await daemon.stop()).toBe(0);
    const again = rig.daemon();
    await hasStarted(again);
    await until('the nodes were looked at again', async () =>
      (await health()).nodes.every(({ cause }) => cause === 'observing'),
    );
    await again.stop();
    expect(fileOn(rig.node(0), 'etc/hosts')).toBe(legacy);
    expect(everything()).toBe(before);
  });
});
