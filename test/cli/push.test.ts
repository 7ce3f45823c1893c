import { describe, expect, it } from 'vitest';
import { ControllerDouble, offline, refusal, status, verified } from './controller-double.ts';
import { demo } from './registry-folder.ts';
import { site, type Site } from './support.ts';

async function withController(controller: ControllerDouble): Promise<Site> {
  const made = await site(demo, { openController: () => Promise.resolve(controller) });
  controller.state = status({ daemon: false });
  return made;
}

describe('syncctl push', () => {
  it('exits 0 when every selected node is verified, and tells who asked and why', async () => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    const { code, out, err } = await run('push', 'contabo-vps', '--reason', 'test');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^NAME +TYPE +ADDRESS +STATE +CHANGED +CAUSE\ncontabo-vps +vps_nodes +100\.68\.225\.92 +active +yes +-\n$/u,
    );
    expect(err).toContain('[✓] Synced and verified: contabo-vps');
    expect(err).toContain('[✓] Sync complete: 1 succeeded, 0 failed');
    expect(controller.asked.at(-1)).toEqual({
      what: 'push',
      with: { nodes: ['contabo-vps'], takeOver: false, actor: { who: 'ada', reason: 'test' } },
    });
    expect(controller.closed).toBe(1);
  });

  it('exits 1 when one node is not, and names cause and remedy', async () => {
    const controller = new ControllerDouble();
    controller.reports = [
      verified('a'),
      offline('b'),
      verified('c', {
        state: 'error',
        verified: false,
        cause: 'sudo',
        evidence: 'a password is required',
        remedy: 'syncctl doctor c',
      }),
    ];
    const { code, err } = await (await withController(controller)).run('push');
    expect(code).toBe(1);
    expect(err).toContain('[⚠] Node b is not reachable (timeout: no answer in 10 s)');
    expect(err).toContain('[✗] Failed to sync c (sudo: a password is required); syncctl doctor c');
    expect(err).toContain('[⚠] Sync complete: 1 succeeded, 2 failed');
  });

  it('counts by class as JSON, with stdout free of progress', async () => {
    const controller = new ControllerDouble();
    controller.reports = [offline('b')];
    const { out } = await (await withController(controller)).run('push', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      kind: 'PushReport',
      causes: { timeout: 1 },
      verified: 0,
      failed: 1,
    });
  });

  it('says nothing but failures with --quiet', async () => {
    const { run } = await withController(new ControllerDouble());
    expect((await run('push', '--quiet')).err).toBe('');
  });

  it('rewrites one counting line on a terminal, and none elsewhere', async () => {
    const controller = new ControllerDouble();
    controller.reports = [verified('a'), verified('b')];
    let err = '';
    const { run } = await site(demo, {
      openController: () => Promise.resolve(controller),
      stderr: { isTTY: true, columns: 80, write: (text) => (err += text) },
      env: { HOME: '/nowhere', LANG: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1' },
    });
    controller.state = status({ daemon: false, nodes: [] });
    await run('push', 'a', 'b');
    expect(err).toContain('  1 of 2 nodes, 1 verified');
    expect(err).not.toContain('Synced and verified');
    expect(err).not.toContain('\u001b[32m');
  });

  it('says what it is about before the first node is done, and leaves nothing of it before a refusal', async () => {
    const controller = new ControllerDouble();
    let err = '';
    const { run } = await site(demo, {
      openController: () => Promise.resolve(controller),
      stderr: { isTTY: true, columns: 0, write: (text) => (err += text) },
      env: { HOME: '/nowhere', LANG: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1' },
    });
    controller.state = status({ daemon: false, nodes: [] });
    controller.push = () => Promise.reject(refusal);
    await run('push', 'a', 'b');
    expect(err.startsWith('  0 of 2 nodes, 0 verified\r\r\u001B[2K[✗] ')).toBe(true);
  });

  it('says who brings a node up to date that does not answer', async () => {
    const controller = new ControllerDouble();
    controller.reports = [offline('b')];
    const { run, registry } = await withController(controller);
    const { source } = controller.state;
    controller.state = status({ daemon: true, source: { ...source, location: registry } });
    expect((await run('push')).err).toContain('it is pushed when it returns');
    controller.state = status({ daemon: false });
    expect((await run('push')).err).toContain('when it is back: syncctl push b');
  });

  it.each(['push', 'reconcile', 'plan'])('%s of unknown registries is no success', async (word) => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    const { source } = controller.state;
    controller.state = status({
      daemon: false,
      source: { ...source, state: 'none', reason: '/x: no answer' },
    });
    const { code, out, err } = await run(word);
    expect([code, out]).toEqual([69, '']);
    expect(err).toContain('registries at ');
  });

  it("ends with the controller's refusal and its exit code", async () => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    controller.failure = refusal;
    const { code, err } = await run('push', '--registry', '/x');
    expect(code).toBe(75);
    expect(err).toContain('got rival: epoch 9; syncctl term take');
  });

  it('refuses to reach other registries through a running daemon', async () => {
    const controller = new ControllerDouble();
    const { run, registry } = await withController(controller);
    controller.state = status({ daemon: true });
    const { code, err } = await run('push');
    expect(code).toBe(75);
    expect(err).toContain(`expected those of the running daemon (/srv/registry), got ${registry}`);
    expect(controller.done).toEqual([]);
  });

  it('shows what is withheld, with the command that lets it go', async () => {
    const controller = new ControllerDouble();
    controller.planned = {
      ...controller.planned,
      held: [
        { hash: 'abc123def456', reason: '9 of 10 services', names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
      ],
    };
    const { err } = await (await withController(controller)).run('plan');
    expect(err).toContain(
      'Removal withheld: 9 of 10 services (a, b, c, d, e and 2 more); let it go with: syncctl approve abc123def456',
    );
  });
});

describe('syncctl reconcile', () => {
  it('makes one pass without hours', async () => {
    const controller = new ControllerDouble();
    const { code } = await (await withController(controller)).run('reconcile');
    expect(code).toBe(0);
    expect(controller.done).toEqual(['reconcile']);
  });

  it('runs the loop of the predecessor with hours', async () => {
    const runs: unknown[] = [];
    const { run } = await site(demo, {
      runDaemon: async (settings, { mode, reload }) => {
        runs.push({
          mode,
          hours: settings.reconcile.periodHours,
          again: (await reload()).reconcile.periodHours,
        });
        return 0;
      },
    });
    for (const words of [['reconcile', '2'], ['daemon', '0.5'], ['daemon'], ['watch']])
      expect((await run(...words)).code).toBe(0);
    expect(runs).toEqual([
      { mode: 'reconcile', hours: 2, again: 2 },
      { mode: 'daemon', hours: 0.5, again: 0.5 },
      { mode: 'daemon', hours: 1, again: 1 },
      { mode: 'watch', hours: 1, again: 1 },
    ]);
  });
});

describe('syncctl plan', () => {
  const changed = (name: string, diff: string) => ({
    node: `vps_nodes@${name}`,
    name,
    state: 'changes' as const,
    reason: null,
    diff,
  });

  it('exits 2 on changes and shows equal diffs once', async () => {
    const controller = new ControllerDouble();
    controller.planned = {
      ...controller.planned,
      changes: 3,
      inSync: 1,
      nodes: [changed('a', '-x\n+y'), changed('b', '-x\n+y'), changed('c', '+z')],
    };
    const { code, out } = await (await withController(controller)).run('plan');
    expect(code).toBe(2);
    expect(out).toBe(
      'Would change 2 nodes: a, b\n-x\n+y\n\nWould change: c\n+z\n\n3 to change, 1 in sync, 0 unknown\n',
    );
  });

  it('exits 0 when nothing would change', async () => {
    const controller = new ControllerDouble();
    controller.planned = { ...controller.planned, inSync: 2 };
    expect((await (await withController(controller)).run('plan', '--offline')).code).toBe(0);
    expect(controller.asked.at(-1)?.with).toEqual({ nodes: undefined, offline: true });
  });

  it('exits 1 when a named node is unknown, and 0 when an unnamed one is', async () => {
    const controller = new ControllerDouble();
    controller.planned = {
      ...controller.planned,
      unknown: 1,
      nodes: [{ node: 'x', name: 'x', state: 'unknown', reason: 'timeout: no answer', diff: '' }],
    };
    const { run } = await withController(controller);
    expect((await run('plan', 'x')).code).toBe(1);
    const all = await run('plan');
    expect(all.code).toBe(0);
    expect(all.err).toContain('[⚠] x: unknown, timeout: no answer');
  });

  it('takes the escapes out of what a node holds', async () => {
    const controller = new ControllerDouble();
    controller.planned = { ...controller.planned, changes: 1, nodes: [changed('a', '-\u001b[2J')] };
    expect((await (await withController(controller)).run('plan')).out).not.toContain('\u001b');
  });
});
