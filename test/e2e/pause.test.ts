import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a pause is obeyed and told, whoever says it', () => {
  let rig: Rig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'wa' },
        { type: 'worker_nodes', name: 'wb' },
      ],
    });
    daemon = rig.daemon();
    await until('both nodes have the first plan', () => has(0, 'demo') && has(1, 'demo'));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const has = (index: number, name: string): boolean =>
    fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`);
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };
  const health = async (): Promise<string> => (await rig.syncctl(['health'])).stdout;
  const standing = async (wanted: string): Promise<void> => {
    await until(`it is ${wanted}`, async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes(`"standing": "${wanted}"`),
    );
  };

  it('pause of one node holds that one and says by whom; resume brings it up to date', async () => {
    expect((await rig.syncctl(['pause', 'wa', '--reason', 'kernel upgrade'])).code).toBe(0);
    add('one');
    await until('the other node has it', () => has(1, 'one'));
    await until('the node is paused', async () => (await health()).includes('Paused'));
    expect(await health()).toMatch(
      /^Paused: wa: paused by \S+ since \S+: kernel upgrade; end it with: syncctl resume wa$/mu,
    );
    const pushed = await rig.syncctl(['push', 'wa']);
    expect([pushed.code, pushed.stdout]).toEqual([1, expect.stringMatching(/wa .* paused/u)]);
    expect(has(0, 'one')).toBe(false);
    expect((await rig.syncctl(['resume', 'wa'])).code).toBe(0);
    await until('it has caught up', () => has(0, 'one'));
    expect(await health()).not.toContain('Paused');
  });

  it('pause --all holds every node and push refuses; a restart keeps it; resume ends it and every other pause', async () => {
    await rig.syncctl(['pause', 'wb', '--reason', 'also']);
    expect((await rig.syncctl(['pause', '--all', '--reason', 'moving house'])).code).toBe(0);
    add('all');
    await standing('paused');
    expect((await health()).match(/^Paused: .*$/gmu)).toEqual([
      expect.stringMatching(/^Paused: all nodes: .*: moving house; end it with: syncctl resume$/u),
    ]);
    const refused = await rig.syncctl(['push']);
    expect([refused.code, refused.stderr]).toEqual([
      75,
      expect.stringMatching(/^\[✗\] push: [^\n]*moving house; syncctl resume\n$/u),
    ]);
    await daemon.stop();
    expect(await health()).toMatch(
      /^Paused: all nodes: paused by .*: moving house; end it with: syncctl resume$/mu,
    );
    daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    await until('it says that it holds', () => daemon.said().includes('wa is not pushed: paused by'));
    expect([has(0, 'all'), has(1, 'all')]).toEqual([false, false]);
    expect((await rig.syncctl(['resume'])).code).toBe(0);
    await until('both have caught up', () => has(0, 'all') && has(1, 'all'));
  });

  it('the annotation sync-controller/paused on one registry holds every node; taking it away ends that', async () => {
    const path = join(rig.registry, 'domain-registry.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { metadata: object };
    writeFileSync(
      path,
      JSON.stringify({
        ...manifest,
        metadata: { ...manifest.metadata, annotations: { 'sync-controller/paused': 'true' } },
      }),
    );
    await standing('paused');
    expect((await health()).match(/^Paused: .*$/gmu)).toEqual([
      `Paused: registry domain-registry; end it with: take sync-controller/paused out of the annotations of domain-registry in ${rig.registry}`,
    ]);
    add('annotated');
    await until('it is planned', async () => (await rig.syncctl(['plan'])).code === 2);
    for (const words of [['push'], ['resume']]) {
      const ran = await rig.syncctl(words);
      expect([words, ran.code, ran.stderr]).toEqual([
        words,
        75,
        expect.stringContaining('remove the annotation sync-controller/paused from domain-registry'),
      ]);
    }
    expect([has(0, 'annotated'), has(1, 'annotated')]).toEqual([false, false]);
    writeFileSync(path, JSON.stringify(manifest));
    await until('both have caught up', () => has(0, 'annotated') && has(1, 'annotated'));
  });
});
