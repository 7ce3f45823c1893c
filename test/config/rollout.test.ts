import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyLimits, limitsOf } from '../../src/compose/limits.ts';
import { policyOf } from '../../src/compose/rollout-policy.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function load(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, yaml);
  return (await loadSettings({ env: { HOME: folder, ...env }, uid: 1000, file })).settings;
}

describe('the settings of a rollout', () => {
  it('are everything at once where nobody says otherwise', async () => {
    const { rollout, drift, push } = await load('');
    expect(rollout).toEqual({
      batches: [],
      canaries: { names: [], labels: [] },
      maxFailed: 0,
      maxUnreachable: '100%',
      onFailure: 'rollback',
      soakMs: 0,
      types: {},
    });
    expect([drift, push.confirmSeconds]).toEqual(['correct', 0]);
  });

  it('take the grammar of serial, also from the environment', async () => {
    const written = await load(
      'rollout: {batches: [1, "25%", 100%], maxFailed: 10%, canaries: {labels: [rollout=canary]}}',
    );
    expect(written.rollout).toMatchObject({ batches: [1, '25%', '100%'], maxFailed: '10%' });
    const env = { SYNC_CONTROLLER_ROLLOUT_BATCHES: '1:50%', SYNC_CONTROLLER_ROLLOUT_MAX_FAILED: '2' };
    expect((await load('', env)).rollout).toMatchObject({ batches: ['1', '50%'], maxFailed: 2 });
  });

  it('take settings of single node types; what one leaves out it has from the others', async () => {
    const settings = await load(
      'rollout: {soakMs: 7, maxFailed: 2, types: {vps_nodes: {batches: [1, 50%], canaries: {names: [va]}, maxFailed: 0}}}',
    );
    const { types, ...common } = policyOf(settings);
    expect(common).toMatchObject({ batches: [], maxFailed: { count: 2 }, soakMs: 7 });
    expect(types).toEqual({
      vps_nodes: {
        batches: [{ count: 1 }, { percent: 50 }],
        canaries: { names: ['va'], labels: [] },
        maxFailed: { count: 0 },
        maxUnreachable: { percent: 100 },
        soakMs: 7,
      },
    });
    expect(policyOf(await load('')).types).toBeUndefined();
  });

  it.each([
    ['rollout: {types: {vps: {batches: [1]}}}', 'rollout.types'],
    ['rollout: {types: {vps_nodes: {batches: [0]}}}', 'rollout.types.vps_nodes.batches'],
    ['rollout: {types: {vps_nodes: {onFailure: hold}}}', 'rollout.types.vps_nodes'],
    ['rollout: {types: {vps_nodes: {soakMs: -1}}}', 'rollout.types.vps_nodes.soakMs'],
    ['rollout: {types: [vps_nodes]}', 'rollout.types'],
    ['rollout: {batches: [0]}', 'rollout.batches: expected a list of numbers of nodes and percentages'],
    ['rollout: {batches: ["25 %"]}', 'rollout.batches: expected a list of numbers of nodes and percentages'],
    ['rollout: {batches: 3}', 'rollout.batches: expected a list of numbers of nodes and percentages'],
    ['rollout: {batches: [101%]}', 'rollout.batches: expected a list'],
    [
      'rollout: {maxFailed: -1}',
      'rollout.maxFailed: expected a number of nodes, or a percentage such as "10%", got -1',
    ],
    ['rollout: {maxUnreachable: some}', 'rollout.maxUnreachable: expected a number of nodes'],
    ['rollout: {onFailure: retry}', 'rollout.onFailure: expected one of rollback, hold, got "retry"'],
    ['rollout: {soakMs: 1.5}', 'rollout.soakMs: expected a whole number'],
    ['rollout: {canaries: [wa]}', 'rollout.canaries: expected a mapping of settings'],
    [
      'rollout: {canaries: {names: ["a b"]}}',
      'rollout.canaries.names.0: expected a list of names, addresses or ids',
    ],
    [
      'rollout: {canaries: {labels: [canary]}}',
      'rollout.canaries.labels.0: expected a list of labels such as',
    ],
    [
      'rollout: {batch: [1]}',
      'rollout.batch: expected the name of a setting, got "batch"; did you mean rollout.batches?',
    ],
    ['drift: freeze', 'drift: expected one of correct, observe, got "freeze"'],
    ['push: {confirmSeconds: 4000}', 'push.confirmSeconds: expected a whole number from 0 to 3600'],
  ])('%s is refused with one sentence that names it', async (yaml, sentence) => {
    await expect(load(yaml)).rejects.toMatchObject({
      exit: 'config',
      message: expect.stringContaining(sentence) as string,
    });
  });

  it('count without a restart', async () => {
    const first = await load('');
    const next = await load('rollout: {batches: [1]}\ndrift: observe\npush: {confirmSeconds: 60}\n');
    const limits = limitsOf(first);
    expect(applyLimits(next, first, limits)).toEqual([]);
    expect(limits.confirmSeconds).toBe(60);
  });
});
