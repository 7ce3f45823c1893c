import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../support/manual-clock.ts';
import { ControllerDouble, pushReport, status, verified } from './controller-double.ts';
import { demo } from './registry-folder.ts';
import { rolloutOf } from './steering-double.ts';
import { site, type Site } from './support.ts';

async function withController(): Promise<Site & { controller: ControllerDouble }> {
  const controller = new ControllerDouble();
  controller.state = status({ daemon: false });
  const made = await site(demo, {
    openController: () => Promise.resolve(controller),
    clock: new ManualClock(Date.UTC(2026, 10, 21)),
  });
  return { ...made, controller };
}

describe('the commands of a rollout', () => {
  it.each([
    [['rollout', 'pause', '--reason', 'lunch'], 'pauseRollout', 'syncctl rollout resume'],
    [['rollout', 'resume'], 'resumeRollout', 'syncctl rollout pause'],
    [['rollout', 'abort', '--reason', 'wrong'], 'abortRollout', 'syncctl unpin'],
    [['unpin', '--reason', 'it was the disk'], 'unpin', 'syncctl rollout abort'],
  ])('%j does it and prints what undoes it', async (words, what, undo) => {
    const { run, controller } = await withController();
    const ran = await run(...words);
    expect([ran.code, controller.done]).toEqual([0, [what]]);
    expect(ran.err).toContain(undo);
    expect(ran.out).toContain('Rollout:');
  });

  it.each([[['rollout', 'pause']], [['rollout', 'abort']], [['unpin']], [['unpin', '--reason', ' ']]])(
    '%j is refused without a reason',
    async (words) => {
      const { run, controller } = await withController();
      expect([(await run(...words)).code, controller.done]).toEqual([64, []]);
    },
  );

  it.each([
    ['running', 0],
    ['paused', 1],
    ['held', 1],
    ['rolled-back', 3],
    ['rollback-failed', 4],
  ] as const)('rollout show of one that is %s ends with %i', async (phase, code) => {
    const { run, controller } = await withController();
    controller.state = status({ daemon: false, rollout: rolloutOf({ phase }) });
    const ran = await run('rollout', 'show');
    expect([ran.code, ran.out]).toEqual([code, expect.stringContaining(phase)]);
  });

  it('rollout show ends with 66 where there is none', async () => {
    const { run } = await withController();
    expect((await run('rollout', 'show')).code).toBe(66);
  });

  it('status names what holds pushes back: why, since when, who, and the command that ends it', async () => {
    const { run, controller } = await withController();
    controller.state = status({
      daemon: false,
      rollout: rolloutOf({
        phase: 'rolled-back',
        note: 'wa not_resolving',
        end: 'syncctl unpin --reason "…"',
      }),
      holds: [
        {
          scope: 'all',
          what: 'all nodes',
          who: 'sam',
          why: 'holidays',
          since: '2026-11-20T00:00:00Z',
          until: '2026-12-27T00:00:00Z',
          end: 'syncctl unfreeze --all',
        },
      ],
      drift: [
        {
          node: 'worker_nodes@w',
          name: 'w',
          mode: 'observe',
          who: 'sam',
          why: null,
          since: '2026-11-20T00:00:00Z',
          end: 'syncctl drift w correct',
        },
      ],
    });
    const { out } = await run('status');
    expect(out).toMatch(
      /^Rollout: +rollout 3 of revision ab12cd34ef56 was taken back and is pinned since \S+: wa not_resolving; end it with: syncctl unpin/mu,
    );
    expect(out).toMatch(
      /^Frozen: +all nodes, by sam since \S+ until 2026-12-27T00:00:00Z: holidays; end it with: syncctl unfreeze --all$/mu,
    );
    expect(out).toMatch(/^Drift: +w: observe, by sam since \S+; end it with: syncctl drift w correct$/mu);
  });
});

describe('freeze', () => {
  it.each([
    [['--all', '--for', '2h'], { nodes: [], type: undefined, all: true }, '2026-11-21T02:00:00Z'],
    [['--type', 'vps', '--for', '3d'], { nodes: [], type: 'vps_nodes', all: false }, '2026-11-24T00:00:00Z'],
    [
      ['a', 'b', '--until', '2026-12-27T08:00Z'],
      { nodes: ['a', 'b'], type: undefined, all: false },
      '2026-12-27T08:00:00Z',
    ],
  ])('%j is carried on with its scope and its end', async (words, scope, until) => {
    const { run, controller } = await withController();
    const ran = await run('freeze', ...words, '--reason', 'sale');
    expect(ran.code).toBe(0);
    expect(controller.asked.at(-1)).toEqual({
      what: 'freeze',
      with: { scope, until, actor: { who: 'ada', reason: 'sale' } },
    });
    expect(ran.err).toContain('syncctl unfreeze');
  });

  it.each([
    [['--for', '2h'], 'expected nodes, or --type, or --all'],
    [['a', '--all', '--for', '2h'], 'expected nodes, or --type, or --all'],
    [['--all'], 'expected an end: --until or --for'],
    [['--all', '--for', '2h', '--until', '2026-12-27'], 'expected an end: --until or --for'],
    [['--all', '--for', '2 hours'], '--for: expected a duration'],
    [['--all', '--for', '999d'], '--for: expected a duration'],
    [['--all', '--until', 'tomorrow'], '--until: expected a date'],
    [['--all', '--until', '2026-13-01'], '--until: expected a date'],
    [['--type', 'fridge', '--for', '1h'], '--type: expected one of'],
  ])('%j is refused before anything is asked', async (words, sentence) => {
    const { run, controller } = await withController();
    const ran = await run('freeze', ...words, '--reason', 'x');
    expect([ran.code, controller.done]).toEqual([64, []]);
    expect(ran.err).toContain(sentence);
  });

  it('is ended by unfreeze', async () => {
    const { run, controller } = await withController();
    expect((await run('unfreeze', '--all')).err).toContain('all nodes: pushed again');
    expect(controller.done).toEqual(['unfreeze']);
  });
});

describe('drift', () => {
  it('sets a node, and prints what undoes it', async () => {
    const { run, controller } = await withController();
    const ran = await run('drift', 'contabo-vps', 'observe', '--reason', 'debugging');
    expect([ran.code, controller.done]).toEqual([0, ['drift']]);
    expect(ran.err).toContain('undo it with: syncctl drift contabo-vps correct');
  });

  it('knows three modes', async () => {
    const { run } = await withController();
    const ran = await run('drift', 'contabo-vps', 'ignore');
    expect([ran.code, ran.err]).toEqual([64, expect.stringContaining('one of correct, observe, freeze')]);
  });
});

describe('push', () => {
  it.each([
    ['rolled-back', 3],
    ['rolling-back', 3],
    ['rollback-failed', 4],
    ['held', 1],
    ['done', 0],
  ] as const)('ends by what its rollout came to: %s is %i', async (phase, code) => {
    const { run, controller } = await withController();
    const nodes = code === 0 ? [verified('a')] : [verified('a', { verified: false, cause: 'rolled_back' })];
    controller.push = () => Promise.resolve({ ...pushReport(nodes), rollout: rolloutOf({ phase }) });
    const ran = await run('push');
    expect([ran.code, ran.err]).toEqual([code, expect.stringContaining('Batch 1 of 2: 1 node')]);
  });

  it('--all-at-once and --no-rollout are the same, and want a reason', async () => {
    for (const flag of ['--all-at-once', '--no-rollout']) {
      const { run, controller } = await withController();
      expect((await run('push', flag)).code).toBe(64);
      expect((await run('push', flag, '--reason', 'now')).code).toBe(0);
      expect(controller.asked.at(-1)?.with).toMatchObject({ allAtOnce: true, actor: { reason: 'now' } });
    }
  });

  it('--confirm-within is carried on in seconds', async () => {
    const { run, controller } = await withController();
    expect((await run('push', '--confirm-within', '2m')).code).toBe(0);
    expect(controller.asked.at(-1)?.with).toMatchObject({ confirmSeconds: 120 });
    for (const wrong of ['1s', '2h', '60'])
      expect((await run('push', '--confirm-within', wrong)).code).toBe(64);
  });
});

describe('a saved plan', () => {
  const digest = 'c'.repeat(64);
  async function planned(): Promise<Site & { controller: ControllerDouble; file: string }> {
    const made = await withController();
    made.controller.planned = {
      ...made.controller.planned,
      changes: 1,
      nodes: [
        {
          node: 'vps_nodes@a',
          name: 'a',
          state: 'changes',
          reason: null,
          diff: '+x',
          wanted: digest,
          observed: 'absent',
        },
        {
          node: 'vps_nodes@b',
          name: 'b',
          state: 'unknown',
          reason: 'timeout',
          diff: '',
          wanted: digest,
          observed: null,
        },
      ],
    };
    return { ...made, file: join(made.folder, 'plan.json') };
  }

  it('is a file for its owner alone, which push gives back to the controller as it was', async () => {
    const { run, controller, file } = await planned();
    expect((await run('plan', '--out', file, '--reason', 'ticket 12')).code).toBe(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      kind: 'SavedPlan',
      who: 'ada',
      why: 'ticket 12',
      created: '2026-11-21T00:00:00Z',
    });
    expect((await run('push', '--plan', file)).code).toBe(0);
    expect(controller.asked.at(-1)?.with).toMatchObject({
      expected: {
        revision: 'ab12cd34ef567890',
        nodes: [
          { node: 'vps_nodes@a', wanted: digest, observed: 'absent', changes: true },
          { node: 'vps_nodes@b', wanted: digest, observed: null, changes: false },
        ],
        approvals: [],
      },
    });
  });

  it('is refused when somebody has changed it, however it is laid out', async () => {
    const { run, controller, file } = await planned();
    await run('plan', '--out', file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify(JSON.parse(text)));
    expect((await run('push', '--plan', file)).code).toBe(0);
    for (const changed of [
      text.replace('"absent"', `"${'d'.repeat(64)}"`),
      text.replace('"a"', '"z"'),
      '{}',
      'x',
    ]) {
      writeFileSync(file, changed);
      expect((await run('push', '--plan', file)).code).toBe(65);
    }
    expect((await run('push', '--plan', `${file}.none`)).code).toBe(66);
    expect(controller.done.filter((what) => what === 'push')).toHaveLength(1);
  });

  it('carries the approval of a withheld removal, with who gave it and why', async () => {
    const { run, controller, file } = await planned();
    controller.state = status({ daemon: false, held: [{ hash: 'abc123', reason: 'many', names: ['x'] }] });
    expect((await run('plan', '--out', file, '--approve', 'abc123')).code).toBe(64);
    await run('plan', '--out', file, '--approve', 'abc123', '--reason', 'moved');
    expect(controller.asked.at(-1)).toMatchObject({ what: 'plan', with: { approve: ['abc123'] } });
    await run('push', '--plan', file);
    expect(controller.asked.at(-1)?.with).toMatchObject({
      expected: { approvals: [{ hash: 'abc123', who: 'ada', why: 'moved' }] },
    });
  });

  it('takes no words beside it that would make it another one', async () => {
    const { run, file } = await planned();
    expect((await run('plan', '--offline', '--out', file)).code).toBe(64);
    expect((await run('plan', '--approve', 'abc123')).code).toBe(64);
    await run('plan', '--out', file);
    expect((await run('push', 'a', '--plan', file)).code).toBe(64);
  });
});
