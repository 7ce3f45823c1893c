import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { PushReport } from '../../src/contract/report.ts';
import { fileOn, hasStarted, runMain, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

/** Names that the managed block of a node holds. */
function namesOn(rig: Rig, index: number): readonly string[] {
  const text = fileOn(rig.node(index), 'etc/hosts');
  const block = text.slice(text.indexOf('# BEGIN sync-controller'), text.indexOf('# END sync-controller'));
  return [...block.matchAll(/\t(\S+)$/gmu)].map((match) => match[1] ?? '');
}

interface Rows {
  readonly worker_nodes: { readonly name: string }[];
}

/** Puts a service of this name into the registry. */
function addService(rig: Rig, name: string): void {
  rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
    ...services,
    [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
  }));
}

describe.skipIf(!available)('one writer at a time, and no manual step after a crash', () => {
  let rig: Rig;
  let daemon: Daemon | undefined;
  beforeAll(async () => {
    rig = await startRig({
      nodes: Array.from({ length: 6 }, (_, n) => ({ type: 'worker_nodes' as const, name: `w${String(n)}` })),
    });
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('B6: two pushes at once do not interleave; both end verified', async () => {
    const [one, two] = await Promise.all([
      rig.syncctl(['push', '-o', 'json']),
      rig.syncctl(['push', '-o', 'json']),
    ]);
    expect([one.code, two.code]).toEqual([0, 0]);
    const terms = [one, two].map((ran) => (JSON.parse(ran.stdout) as PushReport).term?.epoch);
    expect(new Set(terms).size).toBe(2);
  });

  it('a second daemon started by mistake ends at once and names the one that runs', async () => {
    daemon = rig.daemon();
    await hasStarted(daemon);
    const second = await runMain(['daemon', '--config', rig.settings]);
    expect(second.code).toBe(75);
    expect(second.stderr + second.stdout).toContain(`pid ${String(daemon.process.pid)}`);
  });

  it('a push during a daemon pass goes through the daemon and loses nothing', async () => {
    addService(rig, 'during');
    const ran = await rig.syncctl(['push', '-o', 'json']);
    expect(ran.code).toBe(0);
    await until('every node has it', () =>
      [0, 1, 2, 3, 4, 5].every((index) => namesOn(rig, index).includes('during.testcloud.local')),
    );
  });

  it('kill -9 in the middle of pushes, again and again: restarted, it converges, and no file is ever half written', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `crash${String(round)}`;
      addService(rig, name);
      // At a different moment of the push each time.
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 35));
      await daemon?.stop('SIGKILL');
      for (const index of [0, 1, 2, 3, 4, 5])
        expect(fileOn(rig.node(index), 'etc/hosts')).toMatch(
          /# BEGIN sync-controller [^]*# END sync-controller/u,
        );
      daemon = rig.daemon();
      await until(`${name} is everywhere after the restart`, () =>
        [0, 1, 2, 3, 4, 5].every((index) => namesOn(rig, index).includes(`${name}.testcloud.local`)),
      );
    }
    const left = [0, 1, 2, 3, 4, 5].flatMap((index) =>
      readdirSync(join(rig.node(index).rootDir, 'etc')).filter((name) => name.includes('.sync-controller')),
    );
    expect(left).toEqual([]);
  });

  it('a lost state directory costs nothing: the next term rises above what the nodes have seen', async () => {
    await daemon?.stop();
    rmSync(join(rig.folder, 'state'), { recursive: true });
    addService(rig, 'afterloss');
    daemon = rig.daemon();
    await until('every node has it', () =>
      [0, 1, 2, 3, 4, 5].every((index) => namesOn(rig, index).includes('afterloss.testcloud.local')),
    );
    expect((await rig.syncctl(['health'])).stdout).not.toContain('error');
  });

  it('another controller with a state directory of its own proves a rival: the first stops and says who it is; term take goes on', async () => {
    const other = {
      env: {
        SYNC_CONTROLLER_DAEMON_STATE_DIRECTORY: join(rig.folder, 'other-state'),
        SYNC_CONTROLLER_DAEMON_RUNTIME_DIRECTORY: join(rig.folder, 'other-run'),
      },
    };
    expect((await rig.syncctl(['push', '-o', 'json'], other)).code).toBe(0);
    addService(rig, 'contested');
    await until('the daemon knows of its rival', async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"standing": "rival"'),
    );
    expect(namesOn(rig, 0)).not.toContain('contested.testcloud.local');
    const refused = await rig.syncctl(['push']);
    expect(refused.code).toBe(75);
    expect(refused.stderr).toContain('term take');
    expect((await rig.syncctl(['term', 'take', '--reason', 'the other one is retired'])).code).toBe(0);
    await until('the first one writes again', () => namesOn(rig, 0).includes('contested.testcloud.local'));
  });

  it('a row lost by an edit is an orphan: untouched and reported; node restore brings it back, node remove withdraws it', async () => {
    rig.edit('sync-controller-registry', 'registry.json', (registry: Rows) => ({
      ...registry,
      worker_nodes: registry.worker_nodes.filter((row) => row.name !== 'w5'),
    }));
    await until('w5 is an orphan', async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes(`worker_nodes@${rig.node(5).address}`),
    );
    expect(namesOn(rig, 5)).toContain('demo.testcloud.local');
    expect((await rig.syncctl(['node', 'restore', 'w5'])).code).toBe(0);
    const rows = rig.read('sync-controller-registry', 'registry.json') as Rows;
    expect(rows.worker_nodes.map((row) => row.name)).toContain('w5');
    const removed = await rig.syncctl(['node', 'remove', 'w5', '--yes']);
    expect(removed.code).toBe(0);
    expect(fileOn(rig.node(5), 'etc/hosts')).not.toContain('sync-controller');
    expect(existsSync(join(rig.node(4).rootDir, 'etc/hosts'))).toBe(true);
  });

  it('a removal of most services is withheld until it is approved, and unrelated edits do not void the approval', async () => {
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      demo: services['demo'] ?? {},
    }));
    await until('the removal is withheld', async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"hash"'),
    );
    expect(namesOn(rig, 0)).toContain('afterloss.testcloud.local');
    const held =
      (JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as { held: { hash: string }[] })
        .held[0]?.hash ?? '';
    addService(rig, 'unrelated');
    await until('the addition flows', () => namesOn(rig, 0).includes('unrelated.testcloud.local'));
    expect((await rig.syncctl(['approve', held])).code).toBe(0);
    await until('the approved removal is done', () => !namesOn(rig, 0).includes('afterloss.testcloud.local'));
  });
});
