import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RevisionDetail, RevisionList, RevisionSummary } from '../../src/contract/history.ts';
import type { BlameReport, WhyReport } from '../../src/contract/insight.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import {
  ask,
  begin,
  bothServers,
  brisk,
  kill,
  revive,
  service,
  startClusterRig,
  type ClusterRig,
} from './clusters-rig.ts';
import { until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;

describe.skipIf(!ready)(suiteTitle('the history of two API servers', kubeReady), { timeout: 300_000 }, () => {
  let world: ClusterRig;
  let daemon: Daemon;
  const run = async (...words: readonly string[]): Promise<string> => {
    const ran = await world.rig.syncctl(words);
    expect([words.join(' '), ran.code, ran.stderr]).toEqual([words.join(' '), 0, expect.any(String)]);
    return ran.stdout;
  };
  const json = async <T>(...words: readonly string[]): Promise<T> =>
    JSON.parse(await run(...words, '-o', 'json')) as T;
  const revisions = async (...words: readonly string[]): Promise<readonly RevisionSummary[]> =>
    (await json<RevisionList>('history', ...words)).revisions;
  /** Waits until the newest revision is about something. */
  const filed = async (summary: string): Promise<RevisionSummary> => {
    let newest: RevisionSummary | undefined;
    await until(`${summary} is filed`, async () => {
      [newest] = await revisions('--limit', '1');
      return newest?.summary.includes(summary) === true;
    });
    if (newest === undefined) throw new Error('no revision');
    return newest;
  };
  const register = (name: string, ip: string, source: string): Promise<string> =>
    run(
      ...['service', 'register', name, '--ip', ip, '--port', '80'],
      ...['--source', source, '--reason', `${name} for ${source}`],
    );

  beforeAll(async () => {
    world = await startClusterRig({
      sources: bothServers({ home: 9, east: 5 }),
      settings: brisk,
      services: { git: '10.20.0.2', demo: '10.20.0.1' },
    });
    daemon = await begin(world, 'git.eastcloud.local', 'demo.testcloud.local');
  }, 240_000);
  afterAll(async () => {
    await world.stop();
  });

  it('an edit of either is a revision that says whose it is, by whom, and why', async () => {
    await register('wiki', '10.20.0.3', 'east');
    const wiki = await filed('east +service wiki');
    expect(wiki).toMatchObject({ edited: ['east'], why: 'wiki for east', who: expect.any(String) as string });
    await register('chat', '10.30.0.1', 'home');
    expect(await filed('home +service chat')).toMatchObject({ edited: ['home'], why: 'chat for home' });
    // As kubectl does: the API server notes the manager.
    await world.east.services((all) => ({ ...all, tool: service('tool', '10.20.0.4') }));
    expect(await filed('east +service tool')).toMatchObject({ edited: ['east'], why: null });
    const [only, ...others] = await revisions('--source', 'home');
    expect([only?.summary, others]).toEqual([expect.stringContaining('home +service chat'), []]);
    const shown = await json<RevisionDetail>('history', 'show', `R${String(wiki.number)}`);
    expect(shown.sources?.map(({ name, priority }) => [name, priority])).toEqual([
      ['home', 9],
      ['east', 5],
    ]);
    expect(shown.changes.map(({ path }) => path)).toEqual(['east:service-registry/services.json/wiki']);
    expect(await run('history')).toMatch(/R\d+ .* east .*east \+service wiki/u);
  });

  it('blame and why name the revision, the cluster and the reason of each', async () => {
    const { lines } = await json<BlameReport>('blame', 'wa');
    const of = (text: string) => lines.find(({ line }) => line.includes(text));
    expect(of('wiki.eastcloud.local')).toMatchObject({ source: 'east', why: 'wiki for east', oldest: false });
    expect(of('chat.testcloud.local')).toMatchObject({ source: 'home', why: 'chat for home', oldest: false });
    expect(of('tool.eastcloud.local')).toMatchObject({ source: 'east', why: null, oldest: false });
    expect(of('git.eastcloud.local')).toMatchObject({ source: 'east', oldest: true });
    expect(of('grafana.testcloud.local')).toMatchObject({ source: 'home', oldest: true });
    expect((await ask(world.rig, 'blame', { node: 'wa' })).lines).toEqual(lines);
    const why = await json<WhyReport>('why', 'wiki');
    expect(why.because).toMatchObject({ source: 'east', why: 'wiki for east' });
    expect(await run('why', 'wiki')).toMatch(/since R\d+, .* in east: wiki for east/u);
    expect((await ask(world.rig, 'why', { service: 'wiki' })).because).toEqual(why.because);
  });

  it('a service that comes by what the other cluster gave up is blamed on that edit', async () => {
    await run('service', 'unregister', 'demo', '--source', 'home', '--yes', '--reason', 'east has it');
    await until('it is east’s', () => world.everywhere('10.20.0.1'));
    await filed('home -service demo');
    const { lines } = await json<BlameReport>('blame', 'wb');
    expect(lines.find(({ line }) => line.includes('demo.eastcloud.local'))).toMatchObject({
      source: 'home',
      why: 'east has it',
    });
    expect((await json<WhyReport>('why', 'demo')).because).toMatchObject({
      source: 'home',
      why: 'east has it',
    });
  });

  it('a share is shown and compared by itself, and latest and previous are those of its own edits', async () => {
    const latest = await json<RevisionDetail>('history', 'show', 'east/latest');
    expect(latest.summary).toContain('east +service tool');
    const diff = await run('diff', 'east/previous');
    expect(diff).toMatch(/^east\/R\d+ → east\/R\d+\n/u);
    expect(diff).toContain('east:service-registry');
    expect(diff).toContain('tool');
    expect(diff).not.toContain('demo');
    expect(await run('diff', 'previous', '--source', 'east')).toBe(diff);
    const whole = await run('diff', 'previous');
    expect(whole).toContain('home:service-registry');
    const wrong = await world.rig.syncctl(['history', 'show', 'west/R2']);
    expect([wrong.code, wrong.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining('SOURCE/REVISION with one of home, east, got "west/R2"'),
    ]);
  });

  it('a rollback goes into the cluster that differs, and has to be told where several do', async () => {
    const before = await world.home.value('service-registry', 'services.json');
    const plain = await world.rig.syncctl(['rollback', 'R1', '--reason', 'back', '--yes']);
    expect([plain.code, plain.stderr]).toEqual([
      64,
      expect.stringMatching(/from which home and east differ[\s\S]*home\/R1, east\/R1/u),
    ]);
    await expect(
      ask(world.rig, 'rollback', {
        ...{ revision: 'R1', only: [], dryRun: true, approve: false },
        actor: { who: 'ada', reason: 'back' },
      }),
    ).rejects.toThrow('from which home and east differ');
    await run('rollback', 'east/previous', '--reason', 'no tools', '--yes');
    await until('it is gone', () => world.nowhere('tool.eastcloud.local'));
    expect(await world.east.value('service-registry', 'services.json')).not.toContain('tool');
    expect(await world.home.value('service-registry', 'services.json')).toBe(before);
    expect(await filed('east -service tool')).toMatchObject({
      edited: ['east'],
      why: expect.stringMatching(/^rollback to east\/R\d+: no tools$/u) as string,
    });
    // Only home differs from the revision before the last edit but one: no source has to be named.
    const [first] = (await revisions('--source', 'home')).filter(({ summary }) => summary.includes('chat'));
    const report = await ask(world.rig, 'rollback', {
      ...{ revision: `home/R${String(first?.number)}`, only: [], dryRun: false, approve: false },
      actor: { who: 'ada', reason: 'demo is ours' },
    });
    expect(report).toMatchObject({ source: 'home', changed: true });
    expect(report.changes.map(({ path }) => path)).toEqual(['home:service-registry/services.json/demo']);
    await until('it is home’s', () => world.everywhere('demo.testcloud.local'));
    expect(await filed('home +service demo')).toMatchObject({ edited: ['home'] });
  });

  it('the undo that an edit prints is of its cluster', async () => {
    const ran = await world.rig.syncctl(
      'service register brief --ip 10.20.0.9 --port 80 --source east'.split(' '),
    );
    const [, undo = ''] = /To undo: syncctl (.*) --reason/u.exec(ran.stderr) ?? [];
    expect(undo).toMatch(/^rollback east\/R\d+ --only service-registry$/u);
    await until('it is there', () => world.everywhere('brief.eastcloud.local'));
    await run(...undo.split(' '), '--reason', 'undone', '--yes');
    await until('it is gone', () => world.nowhere('brief.eastcloud.local'));
  });

  it('a preview is of one cluster among the others, and says what it would lose to them', async () => {
    const text = await world.east.value('service-registry', 'services.json');
    const all = JSON.parse(text) as Record<string, object>;
    const preview = (path: string, value: object) =>
      ask(world.rig, 'previewEdit', { texts: { [path]: JSON.stringify(value) } });
    const path = 'east:service-registry/services.json';
    const added = await preview(path, { ...all, grafana: service('grafana', '10.20.0.7') });
    expect(added.changes.map((one) => one.path)).toEqual([`${path}/grafana`]);
    expect(added.findings).toContainEqual(
      expect.objectContaining({
        path: `${path}/grafana`,
        message: expect.stringContaining('that of home counts') as string,
      }),
    );
    const broken = await preview(path, { ...all, bad: service('bad', 'nowhere') });
    expect(broken.findings).toContainEqual(expect.objectContaining({ path: `${path}/bad/ip` }));
    await expect(preview('service-registry/services.json', all)).rejects.toThrow(
      'expected home:service-registry/services.json or east:service-registry/services.json',
    );
    expect(await world.east.value('service-registry', 'services.json')).toBe(text);
  });

  it('of one that is down the history keeps what it was, through a restart, and nothing is rolled back into it', async () => {
    await kill(world, world.east);
    await daemon.stop();
    daemon = world.rig.daemon();
    await register('meanwhile', '10.30.0.9', 'home');
    const newest = await filed('home +service meanwhile');
    expect(newest.edited).toEqual(['home']);
    const refused = await world.rig.syncctl(['rollback', 'east/R1', '--reason', 'x', '--yes']);
    expect([refused.code === 0, refused.stderr]).toEqual([
      false,
      expect.stringContaining('east: expected a source that can be read'),
    ]);
    await run('rollback', `R${String(newest.number - 1)}`, '--reason', 'not meanwhile', '--yes');
    await until('it is gone', () => world.nowhere('meanwhile.testcloud.local'));
    expect(world.everywhere('git.eastcloud.local')).toBe(true);
    await revive(world, world.east);
  });

  it('without a daemon the same is read from the file', async () => {
    const lines = (await json<BlameReport>('blame', 'wa')).lines;
    const diff = await run('diff', 'east/previous');
    await daemon.stop();
    expect((await json<BlameReport>('blame', 'wa')).lines).toEqual(lines);
    expect(await run('diff', 'east/previous')).toBe(diff);
  });
});
