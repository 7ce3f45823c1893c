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
    rig = await startRig({ nodes: [{ type: 'worker_nodes', name: 'wa' }, { type: 'worker_nodes', name: 'wb' }] });
    daemon = rig.daemon();
    await until('both nodes have the first plan', () => has(0, 'demo') && has(1, 'demo'));
  });
  afterAll(async () => { await rig.stop(); });

  const has = (index: number, name: string): boolean => fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`);
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({ ...services, [name]: { subdomain: name, ip: '100.76.150.77', port: 80 } }));
  };
  const told = async (): Promise<string> => {
    const [health, wide, status] = await Promise.all([rig.syncctl(['health']), rig.syncctl(['health', '-o', 'wide']), rig.syncctl(['status'])]);
    return [health.stdout, health.stderr, wide.stdout, status.stdout].join('\n');
  };

  it('pause of one node holds that one, resume brings it up to date', async () => {
    expect((await rig.syncctl(['pause', 'wa', '--reason', 'kernel upgrade'])).code).toBe(0);
    add('one');
    await until('the other node has it', () => has(1, 'one'));
    await until('the node is paused', async () => (await rig.syncctl(['health', '-o', 'json'])).stdout.includes('"paused"'));
    console.log(await told());
    expect(has(0, 'one')).toBe(false);
    const pushed = await rig.syncctl(['push', 'wa']);
    console.log(pushed);
    expect((await rig.syncctl(['resume', 'wa'])).code).toBe(0);
    await until('it has caught up', () => has(0, 'one'));
  });

  it('pause --all holds every node, push refuses, a restart keeps it, resume ends it', async () => {
    expect((await rig.syncctl(['pause', '--all', '--reason', 'moving house'])).code).toBe(0);
    add('all');
    await until('it is known', async () => (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"standing": "paused"'));
    console.log(await told());
    console.log(await rig.syncctl(['push']));
    await daemon.stop();
    daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    console.log(daemon.said());
    expect([has(0, 'all'), has(1, 'all')]).toEqual([false, false]);
    expect((await rig.syncctl(['resume', '--all'])).code).toBe(0);
    await until('both have caught up', () => has(0, 'all') && has(1, 'all'));
  });

  it('the annotation sync-controller/paused on one registry holds every node, without the command line', async () => {
    const path = join(rig.registry, 'domain-registry.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { metadata: object };
    writeFileSync(path, JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, annotations: { 'sync-controller/paused': 'true' } } }));
    await until('it is known', async () => (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"standing": "paused"'));
    console.log(await told());
    add('annotated');
    console.log(await rig.syncctl(['push']));
    await until('the edit was seen', async () => (await rig.syncctl(['service', 'list'])).stdout.includes('annotated'));
    await until('it is planned', async () => (await rig.syncctl(['plan'])).code === 2);
    expect([has(0, 'annotated'), has(1, 'annotated')]).toEqual([false, false]);
    console.log(await rig.syncctl(['resume']), daemon.said());
    writeFileSync(path, JSON.stringify(manifest));
    await until('both have caught up', () => has(0, 'annotated') && has(1, 'annotated'));
  });
});
