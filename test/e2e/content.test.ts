import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
type Services = Record<string, object>;

describe.skipIf(!available)(
  'content decides what is pushed, and a source that cannot be read decides nothing',
  () => {
    let rig: Rig;
    let daemon: Daemon;
    beforeAll(async () => {
      rig = await startRig({
        nodes: [{ type: 'worker_nodes', name: 'wa' }],
        settings: 'reconcile:\n  periodHours: 24\nwatch:\n  pollMs: 300\n',
      });
      await start();
      await until('the node has the first plan', () => hosts().includes('demo.testcloud.local'));
      await until('it is verified', () => daemon.said().includes('synced and verified: wa'));
    });
    afterAll(async () => {
      await rig.stop();
    });

    const hosts = (): string => fileOn(rig.node(0), 'etc/hosts');
    const start = async (): Promise<void> => {
      daemon = rig.daemon();
      await until('it has started', () => daemon.said().includes('started'));
    };
    /** Every command that anybody ran on the node through sshd. */
    const commands = (): number =>
      fileOn(rig.node(0), 'run/sshd.log').split('Starting session: command').length - 1;
    /** How often bytes were installed or confirmed: the node's own journal. */
    const pushes = async (): Promise<number> =>
      Number(
        (
          await rig
            .node(0)
            .run("cat /var/lib/sync-controller/clusters/*/hosts/journal | grep -c '^SC1 installed'")
        ).stdout,
      );
    const file = (object: string): string => join(rig.registry, `${object}.json`);
    const add = (name: string): void => {
      rig.edit('service-registry', 'services.json', (services: Services) => ({
        ...services,
        [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
      }));
    };
    /** Proves that what was saved before has been looked at: this edit comes after it. */
    const settled = async (name: string): Promise<void> => {
      add(name);
      await until(`${name} is there`, () => hosts().includes(`${name}.testcloud.local`));
      await until('it is verified', async () =>
        (await rig.syncctl(['health', '-o', 'json'])).stdout.includes('"state": "active"'),
      );
    };

    it('an edit that only formats, reorders or remarks opens no channel to any node', async () => {
      await settled('marker');
      const before = commands();
      const manifest = JSON.parse(readFileSync(file('service-registry'), 'utf8')) as {
        data: Record<string, string>;
        metadata: object;
      };
      const services = JSON.parse(manifest.data['services.json'] ?? '{}') as Services;
      const reordered = Object.fromEntries(Object.entries(services).reverse());
      for (const text of [
        JSON.stringify(services),
        JSON.stringify(reordered, null, '\t'),
        JSON.stringify({
          ...reordered,
          demo: { ...reordered['demo'], updated: '2026-01-01T00:00:00Z', note: 'mine' },
        }),
      ]) {
        writeFileSync(
          file('service-registry'),
          JSON.stringify({
            ...manifest,
            metadata: { ...manifest.metadata, labels: { team: 'x' } },
            data: { 'services.json': text },
          }),
        );
        await until('the daemon has read it', async () => (await rig.syncctl(['validate'])).code === 0);
      }
      rig.edit('sync-controller-registry', 'registry.json', (registry: object) => ({
        ...registry,
        metadata: { remark: 'nothing for a node' },
      }));
      const polled = performance.now() + 3 * 300;
      await until('the poll has passed thrice', () => performance.now() > polled);
      expect(commands()).toBe(before);
    });

    it('a burst of fifty edits becomes a few pushes, the last of which has the last content', async () => {
      await settled('beforeburst');
      const before = await pushes();
      for (let edit = 1; edit <= 50; edit += 1) {
        rig.edit('service-registry', 'services.json', (services: Services) => ({
          ...services,
          burst: { subdomain: `burst${String(edit)}`, ip: '100.76.150.77', port: 80 },
        }));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('the last edit is there', () => hosts().includes('burst50.testcloud.local'));
      await settled('afterburst');
      expect((await pushes()) - before).toBeLessThanOrEqual(5);
      expect(hosts().match(/burst\d+\.testcloud/gu)).toEqual(['burst50.testcloud']);
    });

    it('a registry broken before the start changes nothing: the last good state stays, good objects flow', async () => {
      await settled('good');
      await daemon.stop();
      const whole = readFileSync(file('service-registry'), 'utf8');
      writeFileSync(file('service-registry'), whole.slice(0, -40));
      const before = hosts();
      await start();
      await until('it is told', () => /\[✗\].*service-registry.*last good state/u.test(daemon.said()));
      expect((await rig.syncctl(['validate'])).stdout).toContain('service-registry');
      expect((await rig.syncctl(['push'])).code).toBe(0);
      expect(hosts()).toBe(before);
      writeFileSync(file('service-registry'), whole);
      await settled('mended');
    });

    it('with no source and no last good state nothing starts: one sentence, exit 69, and every node as it was', async () => {
      await daemon.stop();
      const before = hosts();
      rmSync(join(rig.folder, 'state'), { recursive: true });
      renameSync(rig.registry, `${rig.registry}-away`);
      daemon = rig.daemon();
      const code = await daemon.stop('SIGCONT');
      renameSync(`${rig.registry}-away`, rig.registry);
      expect([code, daemon.said()]).toEqual([
        69,
        expect.stringMatching(/^\[✗\] [^\n]*registry exists and that you may read it\n$/u),
      ]);
      expect(hosts()).toBe(before);
      await start();
      await settled('found');
    });
  },
);
