import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/model/registry-texts.ts';
import { historyCalls, type HistoryCalls } from '../../src/store/history/calls.ts';
import { historyMigrations } from '../../src/store/history/shape.ts';
import { migrate } from '../../src/store/migrate.ts';
import { revision, services } from './history-samples.ts';

const path0 = 'service-registry/services.json';
let db: DatabaseSync;
let calls: HistoryCalls;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
  migrate(db, historyMigrations);
  calls = historyCalls(db);
});
afterEach(() => {
  db.close();
});

describe('the revisions of several sources', () => {
  const sources = [
    { name: 'home', priority: 9, place: 'kubernetes a' },
    { name: 'east', priority: 5, place: 'directory /east' },
  ];
  const of = (home: readonly string[], east: readonly string[] | undefined) =>
    revision([...home, ...(east ?? ['git'])].toSorted(), {
      sources,
      objects: [],
      texts: {
        [`home:${path0}`]: services(...home),
        ...(east === undefined ? {} : { [`east:${path0}`]: services(...east) }),
      },
      unread: east === undefined ? ['east'] : [],
    });

  it('say which source an edit was made in, by whom, and keep the texts of all', () => {
    calls.addRevision(of(['demo'], ['git']));
    const edit = { path: `east:${path0}`, content: contentDigest(path0, services('git', 'wiki')) };
    calls.addRevision({ ...of(['demo'], ['git', 'wiki']), edits: [{ ...edit, who: 'ada', why: 'wiki' }] });
    const [newest] = calls.revisions(1, null);
    expect(newest).toMatchObject({
      edited: ['east'],
      who: 'ada',
      why: 'wiki',
      summary: 'east +service wiki',
    });
    expect(calls.revisionTexts(2)).toMatchObject({
      sources,
      edits: [{ path: `east:${path0}`, who: 'ada', why: 'wiki' }],
    });
    expect(calls.newestEditOf('east')).toBe(2);
    expect(calls.newestEditOf('home')).toBeUndefined();
  });

  it('keep the texts of one of which nothing can be read yet', () => {
    calls.addRevision(of(['demo'], ['git']));
    calls.addRevision(of(['chat', 'demo'], undefined));
    expect(calls.revisions(1, null)[0]).toMatchObject({ edited: ['home'], summary: 'home +service chat' });
    expect(calls.revisionTexts(2)?.texts[`east:${path0}`]).toBe(services('git'));
  });

  it('follow those of one source, which are of home, and are followed by such', () => {
    calls.addRevision(revision(['demo'], { texts: { [path0]: services('demo') } }));
    calls.addRevision(of(['demo'], ['git']));
    expect(calls.revision(2)?.changes.map(({ path: at }) => at)).toEqual([`east:${path0}/git`]);
    calls.addRevision(revision(['demo'], { texts: { [path0]: services('demo') } }));
    expect(calls.revision(3)).not.toHaveProperty('edited');
    expect(calls.revision(3)?.changes.map(({ path: at, change }) => [at, change])).toEqual([
      [`east:${path0}/git`, 'removed'],
    ]);
  });

  it('file a move from one source to another, which changes no node, and no rewriting', () => {
    calls.addRevision(of(['demo', 'git'], []));
    expect(calls.addRevision(of(['demo'], ['git']))).toBe(2);
    expect(calls.revisions(1, null)[0]?.edited?.toSorted()).toEqual(['east', 'home']);
    expect(calls.addRevision(of(['demo'], ['git']))).toBe(2);
  });
});
