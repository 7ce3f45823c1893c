import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HistoryApi } from '../../src/contract/history.ts';
import { readHistory } from '../../src/compose/history.ts';
import { serveSocket } from '../../src/http/socket-server.ts';
import { openDurable } from '../../src/store/durable.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { recentNotes } from '../../src/store/edit-notes.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { fileRevision, settingsOf } from './history-site.ts';
import { demo, demoServices, writeRegistry } from './registry-folder.ts';
import { site, type Site } from './support.ts';

const wiki = { subdomain: 'wiki', ip: '100.76.150.61', port: 8080, public: false };

/** Three revisions: the demo; with a wiki, by ada; with the wiki on another port, by an editor nobody knows. */
async function lived(): Promise<Site> {
  const made = await site(demo);
  await fileRevision(made, { at: '2026-01-01T00:00:00Z' });
  const words = ['wiki', '--ip', wiki.ip, '--port', '8080', '--reason', 'for the team'];
  await made.run('service', 'register', ...words);
  await fileRevision(made, {
    at: '2026-01-02T00:00:00Z',
    pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'timeout', 'contabo-vps': 'in sync' },
  });
  await writeRegistry(made.registry, { ...demo, services: { ...demoServices, wiki: { ...wiki, port: 81 } } });
  await fileRevision(made, { at: '2026-01-03T00:00:00Z' });
  return made;
}

describe('syncctl history', () => {
  it('lists what changed, who did it and how many nodes have it, newest first', async () => {
    const { run } = await lived();
    const { code, out } = await run('history');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/u))).toEqual([
      ['REVISION', 'AT', 'WHO', 'NODES', 'FINDINGS', 'WHAT CHANGED'],
      ['R3', '2026-01-03T00:00:00Z', '-', '2/3', '-', '~service wiki (port, sync_controller)'],
      ['R2', '2026-01-02T00:00:00Z', 'ada', '2/3', '-', '+service wiki'],
      ['R1', '2026-01-01T00:00:00Z', '-', '1/3', '-', 'the first one kept'],
      [''],
    ]);
    const wide = (await run('history', '-o', 'wide', '--limit', '2')).out;
    expect(wide).toContain('for the team');
    expect(wide).not.toContain('R1 ');
  });

  it('tells what was pushed to one node, with the phases', async () => {
    const { run } = await lived();
    const { out } = await run('history', '--node', 'vinay-laptop');
    expect(out).toMatch(
      /2026-01-02T00:00:00Z +vinay-laptop +R2 +change +changed +41 ms: wait 1, dial 20, exchange 15, verify 5\n/u,
    );
    expect((await run('history', '--node', 'management_laptops@192.0.2.1')).out).toBe(
      'AT   NAME   REVISION   KIND   OUTCOME   PHASES\n',
    );
    expect((await run('history', '--node', 'nobody')).code).toBe(66);
  });

  it('refuses what is no number, and words that name nothing', async () => {
    const { run } = await lived();
    expect((await run('history', '--limit', 'many')).code).toBe(64);
    expect(await run('history', 'show', 'R99')).toMatchObject({
      code: 66,
      err: '[✗] revision: expected R<n>, a digest, latest or previous of a revision that is kept, got "R99"; list them with: syncctl history\n',
    });
    expect((await run('history', 'shw')).code).toBe(64);
  });

  it('says what begins it where nothing was ever kept, and what mends it where it is damaged', async () => {
    const made = await site(demo);
    expect(await made.run('history')).toMatchObject({
      code: 66,
      err: expect.stringContaining('syncctl push'),
    });
    const { stateDirectory } = (await settingsOf(made)).daemon;
    mkdirSync(stateDirectory, { recursive: true });
    writeFileSync(join(stateDirectory, 'history.db'), 'x'.repeat(9_000));
    expect(await made.run('history')).toMatchObject({
      code: 65,
      err: expect.stringContaining('start the daemon: it moves a damaged history aside'),
    });
  });

  it('only reads the file while no daemon runs', async () => {
    const made = await lived();
    const file = join((await settingsOf(made)).daemon.stateDirectory, 'history.db');
    const before = readFileSync(file);
    await made.run('history');
    await made.run('history', 'show', 'latest');
    await made.run('why', 'wiki');
    expect(readFileSync(file)).toEqual(before);
  });
});

describe('syncctl history show', () => {
  it('shows objects, changes, findings and pushes of a revision under any of its names', async () => {
    const made = await lived();
    const { out } = await made.run('history', 'show', 'R2');
    expect(out).toContain('Who:       ada\nWhy:       for the team\n');
    expect(out).toContain('+ service-registry/services.json/wiki: {"subdomain":"wiki"');
    expect(out).toMatch(/dev-laptop +R2 +change +timeout +41 ms/u);
    const { digest } = JSON.parse((await made.run('history', 'show', '2', '-o', 'json')).out) as {
      digest: string;
    };
    for (const word of ['r2', digest.slice(0, 10), digest, 'previous'])
      expect((await made.run('history', 'show', word)).out, word).toBe(out);
  });

  it('names the entries that were set aside', async () => {
    const made = await lived();
    const before = await fileRevision(made);
    const bad = { ...demoServices, wiki: { ...wiki, port: 99_999 }, tea: { ...wiki, subdomain: 'tea' } };
    await writeRegistry(made.registry, { ...demo, services: bad });
    await fileRevision(made, { before });
    const { out } = await made.run('history', 'show', 'latest');
    expect(out).toContain(
      'service-registry/services.json/wiki/port: expected a whole number from 1 to 65535',
    );
    expect((await made.run('history')).out).toMatch(/^R4 .* 1 +~service wiki \(port\), \+service tea$/mu);
  });
});

describe('syncctl diff', () => {
  it('compares two revisions entry by entry, the latest where one is left out', async () => {
    const { run } = await lived();
    expect((await run('diff', 'R1')).out).toBe((await run('diff', '1', 'latest')).out);
    expect((await run('diff', 'R2', 'R3')).out).toContain(
      '\nservice-registry:\n  ~ service-registry/services.json/wiki/port: 8080 → 81\n',
    );
    const { changes } = JSON.parse((await run('diff', 'R3', 'R1', '-o', 'json')).out) as { changes: unknown };
    expect(changes).toEqual([
      { path: 'service-registry/services.json/wiki', change: 'removed', before: { ...wiki, port: 81 } },
    ]);
    expect((await run('diff', 'R1', 'R1')).out).toBe('R1 → R1\nno difference\n');
  });

  it('compares texts that are no JSON line by line', async () => {
    const made = await lived();
    const before = await fileRevision(made);
    await writeRegistry(made.registry, { ...demo, services: '{ broken\n', routing: '{"demo":{}}' });
    await fileRevision(made, { before });
    expect((await made.run('diff', 'previous', 'latest', '-o', 'wide')).out).toContain('+{ broken');
  });
});

describe('the history of a running daemon', () => {
  it('is asked through its socket, and takes the notes of who wrote what', async () => {
    const made = await lived();
    const { daemon } = await settingsOf(made);
    const asked: string[] = [];
    const reader = await readHistory(daemon.stateDirectory);
    const told: HistoryApi = new Proxy(reader, {
      get: (target, name: string) => {
        asked.push(name);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const notes: unknown[] = [];
    const double = Object.assign(new ControllerDouble(), {
      history: { reader: told, noteEdits: async (written: unknown) => void notes.push(written) },
    });
    double.state = status({ daemon: true });
    const server = await serveSocket({ socket: daemon.socket, controller: double, version: '1.2.3' });
    try {
      for (const words of [
        ['history'],
        ['history', 'show', 'R2'],
        ['history', '--node', 'vinay-laptop'],
        ['diff', 'R1', 'R2'],
        ['blame', 'vinay-laptop'],
        ['why', 'demo'],
      ])
        expect((await made.run(...words)).code, words.join(' ')).not.toBe(69);
      expect(new Set(asked)).toEqual(
        new Set(['revisions', 'revision', 'pushes', 'revisionTexts', 'lastPushes']),
      );
      await made.run(
        'service',
        'register',
        'tea',
        '--ip',
        '100.76.150.62',
        '--port',
        '1',
        '--reason',
        'thirst',
      );
      expect(notes).toEqual([
        {
          edits: [
            { path: 'service-registry/services.json', content: expect.stringMatching(/^[0-9a-f]{64}$/u) },
          ],
          actor: { who: 'ada', reason: 'thirst' },
        },
      ]);
    } finally {
      await server.close();
      await reader.close();
    }
  });
});

describe('every change of the registries', () => {
  it('prints the command that takes it back, where the history knows what was before', async () => {
    const made = await lived();
    const { err } = await made.run('service', 'publish', 'grafana', '--yes');
    expect(err).toContain('[INFO] To undo: syncctl rollback R3 --only service-registry --reason "…"\n');
    await made.run('rollback', 'R3', '--only', 'service-registry', '--reason', 'x', '--yes');
    expect((await made.run('service', 'show', 'grafana')).out).toMatch(/Public: +no/u);
    const fresh = await site(demo);
    expect((await fresh.run('service', 'publish', 'grafana', '--yes')).err).not.toContain('To undo');
  });
});

describe('who wrote what', () => {
  it('is noted without a daemon, in the audit, under the content that was written', async () => {
    const made = await lived();
    const { stateDirectory } = (await settingsOf(made)).daemon;
    const durable = await openDurable({
      path: join(stateDirectory, 'durable.db'),
      clock: systemClock,
      log: silentLogger,
    });
    try {
      expect(await recentNotes(durable)).toMatchObject([
        { path: 'service-registry/services.json', who: 'ada', why: 'for the team' },
      ]);
    } finally {
      await durable.close();
    }
  });

  it('is not noted where no controller ever was: there is no history to explain', async () => {
    const made = await site(demo);
    await made.run('service', 'publish', 'grafana', '--yes');
    await expect(readHistory((await settingsOf(made)).daemon.stateDirectory)).rejects.toMatchObject({
      exit: 'notFound',
    });
    expect(() => readFileSync(join(made.folder, '.local/state/sync-controller/durable.db'))).toThrow(
      /ENOENT/u,
    );
  });
});
