import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { renderedFile } from '../../src/reconcile/rendered-file.ts';
import { planDigest } from '../../src/cli/saved-plan.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { names, serve, whoHolds } from './hosts-rig.ts';
import { startRig, until, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const policy = `rollout:\n  batches: [1, "100%"]\nretry:\n  attempts: 2\n  delayMs: 200\n`;
const all = 'wa wb wc';

interface Revision {
  readonly number: number;
  readonly who: string | null;
  readonly why: string | null;
  readonly summary: string;
}

describe.skipIf(!available)('a rollout as an admin meets it without a daemon', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: names.slice(0, 3).map((name) => ({ type: 'worker_nodes' as const, name })),
      settings: policy,
    });
    await pushed();
  }, 120_000);
  afterAll(async () => {
    await rig.stop();
  });

  const state = (name: string): string => join(rig.folder, 'state', name);
  const pushed = async (): Promise<void> => {
    const ran = await rig.syncctl(['push']);
    expect(ran.code, ran.stderr).toBe(0);
  };
  const ok = async (...words: readonly string[]): Promise<string> => {
    const ran = await rig.syncctl(words);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.stdout + ran.stderr;
  };
  const health = async (): Promise<string> => (await rig.syncctl(['health'])).stdout;
  const revisions = async (): Promise<readonly Revision[]> =>
    (JSON.parse(await ok('history', '-o', 'json')) as { revisions: readonly Revision[] }).revisions;
  const settings = (from: string, to: string): void => {
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace(from, to));
  };

  it('commands that read leave nothing behind: the push after them goes by batches as if nobody had looked', async () => {
    serve(rig, 'read');
    const kept = ['effective.json', 'rollout.json', 'rendered.bin'];
    const before = kept.map((name) => readFileSync(state(name), 'hex'));
    const planned = await rig.syncctl(['plan']);
    expect([planned.code, planned.stderr]).toEqual([
      2,
      expect.stringContaining('Goes by batches: 1: wa; 2: wb, wc'),
    ]);
    expect(await ok('status')).toMatch(/Rollout:? +rollout \d+ of revision \w+ is at batch 0 of 2/u);
    expect(kept.map((name) => readFileSync(state(name), 'hex'))).toEqual(before);
    expect(await ok('push')).toMatch(/Batch 2 of 2: 2 nodes, 2 verified/u);
    expect(whoHolds(rig, 'read')).toBe(all);
  });

  const moves: readonly (readonly [
    string,
    RegExp,
    () => Promise<void> | void,
    () => Promise<void> | void,
  ])[] = [
    [
      'an edit of a registry',
      /got other registries: \w{12} instead of \w{12}/u,
      () => {
        serve(rig, 'read', 'planned', 'another');
      },
      () => undefined,
    ],
    [
      'an edit of the row of a node',
      /got other registries: \w{12} instead of \w{12}/u,
      () => {
        label('1');
      },
      () => {
        label('2');
      },
    ],
    [
      'a push of somebody else',
      /got other bytes on wa: \w{12} instead of \w{12}/u,
      () => pushed(),
      () => undefined,
    ],
    [
      'another policy',
      /got another rollout policy: \w{12} instead of \w{12}/u,
      () => {
        settings('batches: [1, "100%"]', 'batches: [2, "100%"]');
      },
      () => {
        settings('batches: [2, "100%"]', 'batches: [1, "100%"]');
      },
    ],
    [
      'an upgrade of the controller',
      /got another release: \S+ instead of 0\.0\.1/u,
      () => {
        const file = join(rig.folder, 'plan.json');
        const { sha256: _, ...plan } = JSON.parse(readFileSync(file, 'utf8')) as { sha256: string };
        const earlier = { ...plan, release: '0.0.1' };
        writeFileSync(file, JSON.stringify({ ...earlier, sha256: planDigest(earlier) }));
      },
      () => undefined,
    ],
    [
      'a freeze',
      /got wb held back: frozen by \S+ since \S+ until \S+: sale/u,
      async () => {
        await ok('freeze', 'wb', '--for', '1h', '--reason', 'sale');
      },
      async () => {
        await ok('unfreeze', 'wb');
      },
    ],
  ];
  const label = (value: string): void => {
    rig.edit(
      'sync-controller-registry',
      'registry.json',
      (registry: { worker_nodes: { sync_controller: object }[] }) => ({
        ...registry,
        worker_nodes: registry.worker_nodes.map((row) => ({
          ...row,
          sync_controller: { ...row.sync_controller, labels: { turn: value } },
        })),
      }),
    );
  };

  it.each(moves)('a saved plan is refused after %s, in one sentence', async (what, sentence, move, back) => {
    const file = join(rig.folder, 'plan.json');
    serve(rig, 'read', 'planned', `for-${String(moves.findIndex(([name]) => name === what))}`);
    expect((await rig.syncctl(['plan', '--out', file])).code).toBe(2);
    await move();
    const refused = await rig.syncctl(['push', '--plan', file]);
    expect([refused.code, refused.stderr]).toEqual([75, expect.stringMatching(sentence)]);
    expect(refused.stderr.trim().split('\n').length).toBe(1);
    await back();
  });

  it('a planned freeze is told before it begins, holds pushes and saved plans while it lasts, and ends by itself', async () => {
    await pushed();
    const from = new Date(Date.now() + 12_000).toISOString().replace(/\.\d+Z/u, 'Z');
    const frozen = await ok('freeze', 'wb', '--from', from, '--for', '15s', '--reason', 'kernel upgrade');
    expect(frozen).toContain(`wb: frozen from ${from} until`);
    expect(frozen).toContain('syncctl unfreeze wb');
    expect(await health()).toMatch(
      new RegExp(
        `^Freeze planned: wb: from ${from} until \\S+, by \\S+ since \\S+: kernel upgrade; end it with: syncctl unfreeze wb$`,
        'mu',
      ),
    );
    await until('it has begun', async () => /^Frozen: wb: by .*kernel upgrade/mu.test(await health()));
    serve(rig, 'frozen');
    const held = await rig.syncctl(['push', '--all-at-once', '--reason', 'x', '-o', 'json']);
    expect([held.code, held.stdout]).toEqual([
      1,
      expect.stringMatching(/frozen by \S+ since .*kernel upgrade/u),
    ]);
    expect(whoHolds(rig, 'frozen')).toBe('wa wc');
    await until('it has ended', async () => !(await health()).includes('kernel upgrade'));
    await pushed();
    expect(whoHolds(rig, 'frozen')).toBe(all);
  }, 120_000);

  it.each([
    [['--from', '2020-01-01', '--for', '2h'], 'expected a start in the future'],
    [['--from', '2099-01-02', '--until', '2099-01-01'], 'expected an end after its start'],
    [['--from', 'soon', '--for', '2h'], 'expected a date, or a date with a time'],
  ])('a freeze with %j is refused', async (words, sentence) => {
    const ran = await rig.syncctl(['freeze', 'wb', ...words, '--reason', 'x']);
    expect([ran.code, ran.stderr]).toEqual([64, expect.stringContaining(sentence)]);
  });

  it('a revision that came by an approval is filed under the name of who approved it', async () => {
    serve(rig, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8');
    await pushed();
    serve(rig);
    await rig.syncctl(['push']);
    const { stdout } = await rig.syncctl(['plan', '-o', 'json']);
    const hash = (JSON.parse(stdout) as { held: { hash: string }[] }).held[0]?.hash ?? '';
    await ok('approve', hash, '--reason', 'moved away');
    await pushed();
    const [newest] = await revisions();
    expect(newest).toMatchObject({ who: expect.stringMatching(/\w/u) as string, why: 'moved away' });
  }, 120_000);

  it('a lost history begins above every number that was ever given', async () => {
    const before = (await revisions())[0]?.number ?? 0;
    expect(before).toBeGreaterThan(3);
    for (const suffix of ['', '-wal', '-shm']) rmSync(state(`history.db${suffix}`), { force: true });
    serve(rig, 'after');
    await pushed();
    expect((await revisions()).map(({ number }) => number)).toEqual([before + 1]);
  }, 120_000);

  it('another release that renders other bytes goes through the batches', async () => {
    serve(rig, 'upgraded');
    await pushed();
    const file = renderedFile(state('rendered.bin'));
    await until('the bytes are kept', async () => (await file.load()) !== undefined);
    const kept = await file.load();
    if (kept === undefined) throw new Error('nothing is kept');
    await file.save({
      ...kept,
      nodes: new Map(
        [...kept.nodes].map(([id, bundles]) => [
          id,
          bundles.map((bundle) => {
            const bytes = bundle.bytes.replaceAll('upgraded.testcloud', 'older.testcloud');
            return { ...bundle, bytes, digest: digestOf(bytes) };
          }),
        ]),
      ),
    });
    const database = new DatabaseSync(state('durable.db'));
    database.exec("UPDATE rollouts SET body = json_set(body, '$.content', 'what the older release made')");
    database.close();
    const daemon = rig.daemon();
    await until('it has gone by batches', () => daemon.said().includes('the rollout is done'));
    expect(daemon.said()).toMatch(
      /a rollout goes by batches.*this release renders the same registries otherwise/u,
    );
    await daemon.stop();
    expect(whoHolds(rig, 'upgraded')).toBe(all);
  }, 120_000);
});
