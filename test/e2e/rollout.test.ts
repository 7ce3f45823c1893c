import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutReport } from '../../src/contract/rollout-report.ts';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { block, heal, holds, names, serve, spoil, whoHolds } from './hosts-rig.ts';
import { startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const policy = `rollout:
  batches: [1, "50%", "100%"]
  canaries:
    names: [wa]
retry:
  delayMs: 200
`;

describe.skipIf(!available)('a rollout on six nodes, followed by the daemon', () => {
  let rig: Rig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: names.map((name) => ({ type: 'worker_nodes' as const, name })),
      settings: policy,
    });
    daemon = rig.daemon();
    await until('all have the first revision', () => whoHolds(rig, 'demo') === names.join(' '));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const status = async (): Promise<ControllerStatus> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;
  const phase = async (wanted: RolloutReport['phase'] | undefined): Promise<void> => {
    let seen: string | undefined;
    await until(`the rollout is ${wanted ?? 'over'}`, async () => {
      seen = (await status()).rollout?.phase;
      return seen === wanted;
    }).catch((error: unknown) => {
      throw new Error(
        `${String(error)}; it is ${String(seen)}; the daemon said: ${daemon.said().slice(-3_000)}`,
      );
    });
  };
  const health = async (): Promise<string> => (await rig.syncctl(['health'])).stdout;

  it('a bad revision fails on the canary, is taken back and pinned; no other node has seen it, and everybody is told', async () => {
    await spoil(rig, 0, 'bad');
    const before = names.map((_, index) => block(rig, index));
    serve(rig, 'bad');
    await phase('rolled-back');
    expect(names.map((_, index) => block(rig, index))).toEqual(before);
    for (const index of [1, 2, 3, 4, 5]) {
      const installs = await rig.node(index).run('cat /var/lib/sync-controller/clusters/*/hosts/journal');
      expect(
        new Set(installs.stdout.match(/installed \d+ \w+ \d+ (\w{64})/gu)?.map((text) => text.slice(-64)))
          .size,
      ).toBe(1);
    }
    expect(await health()).toMatch(
      /^Pinned: rollout \d+ of revision \w{12} was taken back and is pinned since \S+: .*wa not_resolving.*; end it with: syncctl unpin --reason/mu,
    );
    expect((await status()).nodes.map(({ state }) => state)).toEqual(names.map(() => 'active'));
    // They are well, and yet it is not live: who asks hears both.
    const answer = 'No: the newest revision was taken back, and the last good one is in place.';
    expect((await status()).liveness).toEqual({ nodes: 6, live: 0, waiting: 6, answer });
    expect(await health()).toContain(`Live: ${answer}`);
    const show = await rig.syncctl(['rollout', 'show']);
    expect([show.code, show.stdout]).toEqual([3, expect.stringContaining('rolled-back')]);
    const pushed = await rig.syncctl(['push']);
    expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringMatching(/pinned since .*not_resolving/u)]);
    const planned = await rig.syncctl(['plan']);
    expect([planned.code, planned.stderr]).toEqual([2, expect.stringContaining('wa does not get it yet')]);
    // The hourly pass, asked for now, leaves the last good revision where it is.
    expect((await rig.syncctl(['reconcile'])).code).toBe(0);
    expect(whoHolds(rig, 'bad')).toBe('wa');
    expect(block(rig, 0)).toBe(before[0]);
  });

  it('unpin rolls it out again, and it is stopped again', async () => {
    const first = (await status()).rollout?.number ?? 0;
    expect((await rig.syncctl(['unpin', '--reason', 'try again'])).code).toBe(0);
    await until('it is another rollout', async () => ((await status()).rollout?.number ?? 0) > first);
    await phase('rolled-back');
    expect(block(rig, 1)).not.toContain('bad.');
  });

  it('the fix in the registry ends the pin and goes on to every node', async () => {
    serve(rig, 'good');
    await phase(undefined);
    expect(whoHolds(rig, 'good')).toBe(names.join(' '));
    expect(await health()).not.toMatch(/Pinned|Rollout|Live/u);
    expect((await status()).liveness).toMatchObject({ live: 6, waiting: 0 });
    await heal(rig, 0, 'bad');
    expect((await rig.syncctl(['push'])).code).toBe(0);
  });

  it('a node that is away does not stop it, and is caught up when it returns', async () => {
    await rig.node(4).unplug();
    serve(rig, 'good', 'away');
    await phase(undefined);
    expect(whoHolds(rig, 'away')).toBe('wa wb wc wd wf');
    await rig.node(4).plug();
    await until('it has caught up', () => holds(rig, 4, 'away'));
  });

  it('a policy that is read again counts for the next rollout; kill -9 in the middle goes on where it stood', async () => {
    const text = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, text.replace('rollout:\n', 'rollout:\n  soakMs: 4000\n'));
    daemon.process.kill('SIGHUP');
    await until('it has read them', () => daemon.said().includes('settings read again'));
    serve(rig, 'good', 'killed');
    await until('the canary has it', () => holds(rig, 0, 'killed'));
    await until('it is told', async () => (await status()).liveness?.live === 1);
    expect(await health()).toContain('Live: Not everywhere: live on 1 of 6 nodes; 5 wait for their turn.');
    await daemon.stop('SIGKILL');
    expect(whoHolds(rig, 'killed')).toBe('wa');
    expect(await health()).toMatch(/^Rollout: rollout \d+ of revision \w{12} is at batch 1 of 3/mu);
    daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    // What it does first after its start is not the next batch.
    await until(
      'the canary is verified again',
      async () => (await status()).rollout?.batches[0]?.verified === 1,
    );
    expect(whoHolds(rig, 'killed')).toBe('wa');
    await phase(undefined);
    expect(whoHolds(rig, 'killed')).toBe(names.join(' '));
  });

  it('pause holds the next batch, abort takes the revision back, and each names what undoes it', async () => {
    serve(rig, 'good', 'stopped');
    await until('the canary has it', () => holds(rig, 0, 'stopped'));
    const paused = await rig.syncctl(['rollout', 'pause', '--reason', 'lunch']);
    expect([paused.code, paused.stderr]).toEqual([0, expect.stringContaining('syncctl rollout resume')]);
    expect(await health()).toMatch(
      /^Rollout: .* is paused .* by \S+ since \S+: lunch; end it with: syncctl rollout resume$/mu,
    );
    const aborted = await rig.syncctl(['rollout', 'abort', '--reason', 'wrong address']);
    expect([aborted.code, aborted.stderr]).toEqual([0, expect.stringContaining('syncctl unpin')]);
    await phase('rolled-back');
    expect(whoHolds(rig, 'stopped')).toBe('');
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('  soakMs: 4000\n', ''));
    daemon.process.kill('SIGHUP');
    await until('it has read them', () => daemon.said().includes('settings read again'));
  });

  it('--all-at-once goes past the pin and past the batches, with a reason', async () => {
    expect((await rig.syncctl(['push', '--all-at-once'])).code).toBe(64);
    const pushed = await rig.syncctl(['push', '--no-rollout', '--reason', 'it was right']);
    expect([pushed.code, pushed.stderr]).toEqual([0, expect.stringContaining('overridden')]);
    expect(whoHolds(rig, 'stopped')).toBe(names.join(' '));
  });

  it('a freeze holds nodes of its scope until its time, and they catch up by themselves', async () => {
    const frozen = await rig.syncctl(['freeze', 'wb', '--for', '20s', '--reason', 'kernel upgrade']);
    expect([frozen.code, frozen.stderr]).toEqual([0, expect.stringContaining('syncctl unfreeze wb')]);
    expect(await health()).toMatch(
      /^Frozen: wb: by \S+ since \S+ until \S+: kernel upgrade; end it with: syncctl unfreeze wb$/mu,
    );
    expect((await rig.syncctl(['push', '--no-rollout', '--reason', 'x'])).code).toBe(1);
    serve(rig, 'good', 'stopped', 'thawed');
    await until('the others have it', () => whoHolds(rig, 'thawed') === 'wa wc wd we wf', 30_000);
    await until('the frozen one has it', () => holds(rig, 1, 'thawed'), 30_000);
    expect(await health()).not.toContain('Frozen');
    await phase(undefined);
  });

  it('drift on a node that is observed is reported and left, while edits still come', async () => {
    expect((await rig.syncctl(['drift', 'wc', 'observe', '--reason', 'debugging'])).code).toBe(0);
    await rig.node(2).run("sed -i 's/100.76.150.77\\(.*good\\)/10.1.1.1\\1/' /etc/hosts");
    const tampered = block(rig, 2);
    expect(tampered).toContain('10.1.1.1');
    const looked = await rig.syncctl(['reconcile', '-o', 'json']);
    expect([looked.code, looked.stdout]).toEqual([1, expect.stringContaining('"drift_observed"')]);
    expect(block(rig, 2)).toBe(tampered);
    expect(await health()).toMatch(
      /^Drift: wc: observed, not repaired, by \S+ since \S+: debugging; end it with: syncctl drift wc correct$/mu,
    );
    serve(rig, 'good', 'stopped', 'thawed', 'edited');
    await until('the edit has come', () => holds(rig, 2, 'edited') && !block(rig, 2).includes('10.1.1.1'));
    await rig.syncctl(['drift', 'wc', 'correct']);
    await phase(undefined);
  });
});

describe.skipIf(!available)('a push without a daemon', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: names.slice(0, 3).map((name) => ({ type: 'worker_nodes' as const, name })),
      settings: policy,
    });
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('goes by batches, tells each of them, and ends with 0', async () => {
    const pushed = await rig.syncctl(['push']);
    expect([pushed.code, pushed.stderr]).toEqual([
      0,
      expect.stringMatching(/Batch 1 of 3: 1 node, 1 verified/u),
    ]);
    expect(whoHolds(rig, 'demo')).toBe('wa wb wc');
  });

  it('ends with 3 where the canary fails; one of a single node waits for its turn', async () => {
    await spoil(rig, 0, 'bad');
    serve(rig, 'bad');
    const single = await rig.syncctl(['push', 'wb']);
    expect([single.code, single.stdout]).toEqual([1, expect.stringContaining('rollout_waiting')]);
    expect(whoHolds(rig, 'bad')).toBe('wa');
    expect(block(rig, 0)).not.toContain('bad.');
    const pushed = await rig.syncctl(['push', '-o', 'json']);
    const report = JSON.parse(pushed.stdout) as {
      rollout: RolloutReport;
      nodes: { name: string; cause: string }[];
    };
    expect([pushed.code, report.rollout.phase]).toEqual([3, 'rolled-back']);
    expect(report.nodes.map(({ name, cause }) => `${name} ${cause}`)).toEqual([
      'wa not_resolving',
      'wb rollout_waiting',
      'wc rollout_waiting',
    ]);
    expect([0, 1, 2].filter((index) => block(rig, index).includes('bad.'))).toEqual([]);
    expect((await rig.syncctl(['health'])).stdout).toMatch(/^Pinned: .*wa not_resolving/mu);
  });

  it('ends with 4 where the way back fails, too, and says so of the node', async () => {
    await spoil(rig, 0, 'demo');
    serve(rig, 'bad', 'worse');
    const pushed = await rig.syncctl(['push', '-o', 'json']);
    expect([pushed.code, pushed.stdout]).toEqual([4, expect.stringMatching(/"cause": "rollback_failed"/u)]);
    await heal(rig, 0, 'demo');
    await heal(rig, 0, 'bad');
    serve(rig);
    expect((await rig.syncctl(['push'])).code).toBe(0);
  });

  it('of a saved plan brings exactly that, and refuses where a registry, a node or the file has moved', async () => {
    const file = `${rig.folder}/plan.json`;
    const save = async (): Promise<void> => {
      const saved = await rig.syncctl(['plan', '--out', file, '--reason', 'ticket 12']);
      expect([saved.code, saved.stderr]).toEqual([2, expect.stringContaining(`syncctl push --plan ${file}`)]);
    };
    serve(rig, 'planned');
    await save();
    serve(rig, 'planned', 'another');
    const moved = await rig.syncctl(['push', '--plan', file]);
    expect([moved.code, moved.stderr]).toEqual([
      75,
      expect.stringMatching(/got other registries: \w{12} instead of \w{12}/u),
    ]);
    expect(whoHolds(rig, 'planned')).toBe('');
    await save();
    await rig.node(1).run("sed -i 's/100.76.150.207/10.1.1.1/' /etc/hosts");
    const touched = await rig.syncctl(['push', '--plan', file]);
    expect([touched.code, touched.stderr]).toEqual([75, expect.stringMatching(/got other bytes on wb: /u)]);
    await rig.node(1).run("sed -i 's/10.1.1.1/100.76.150.207/' /etc/hosts");
    writeFileSync(`${file}.edited`, readFileSync(file, 'utf8').replace('"wb"', '"wx"'));
    const edited = await rig.syncctl(['push', '--plan', `${file}.edited`]);
    expect([edited.code, edited.stderr]).toEqual([65, expect.stringContaining('changed after it was saved')]);
    expect((await rig.syncctl(['push', '--plan', file])).code).toBe(0);
    expect(whoHolds(rig, 'another')).toBe('wa wb wc');
  });

  it('of a saved plan lets go what its reviewer approved, in their name', async () => {
    const many = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
    serve(rig, ...many);
    expect((await rig.syncctl(['push'])).code).toBe(0);
    serve(rig);
    const held = await rig.syncctl(['plan', '-o', 'json']);
    const hash = (JSON.parse(held.stdout) as { held: { hash: string }[] }).held[0]?.hash ?? '';
    const file = `${rig.folder}/approved.json`;
    const saved = await rig.syncctl(['plan', '--out', file, '--approve', hash, '--reason', 'moved away']);
    expect([saved.code, whoHolds(rig, 'a1')]).toEqual([2, 'wa wb wc']);
    const pushed = await rig.syncctl(['push', '--plan', file]);
    expect([pushed.code, whoHolds(rig, 'a1')]).toEqual([0, '']);
    const database = new DatabaseSync(`${rig.folder}/state/durable.db`, { readOnly: true });
    expect(database.prepare("SELECT why, detail FROM audit WHERE action = 'approve'").all()).toMatchObject([
      { why: 'moved away', detail: hash },
    ]);
    database.close();
  });
});
