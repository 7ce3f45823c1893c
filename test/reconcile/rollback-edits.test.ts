import { describe, expect, it } from 'vitest';
import { textsIn } from '../../src/model/registry-shares.ts';
import { rollbackEdits } from '../../src/reconcile/rollback-edits.ts';
import { objectsOf } from '../../src/registry/objects-of.ts';

const services = 'service-registry/services.json';
const sources = [
  { name: 'home', priority: 9, place: '' },
  { name: 'east', priority: 5, place: '' },
];
const place = (share: string | undefined, text: string | undefined, unreadable?: string) => ({
  share,
  objects: text === undefined ? undefined : objectsOf({ [services]: text }),
  unreadable,
});
const wanted = (home: string, east: string, word = 'R3') => ({
  word,
  share: undefined as string | undefined,
  texts: { ...textsIn('home', { [services]: home }), ...textsIn('east', { [services]: east }) },
  sources,
});

describe('a rollback with several sources', () => {
  it('is for the one that differs', () => {
    const { place: found, steps } = rollbackEdits(
      wanted('{"a":{}}', '{"b":{}}'),
      [place('home', '{ "a": {} }'), place('east', '{}')],
      [],
    );
    expect([found.share, steps.map(({ object, key }) => `${object}/${key}`)]).toEqual(['east', [services]]);
    expect(steps[0]?.edit('{}')).toBe('{"b":{}}');
  });

  it('is refused with the words to use where several differ, and is for the named one with them', () => {
    const places = [place('home', '{}'), place('east', '{}')] as const;
    const revision = wanted('{"a":{}}', '{"b":{}}');
    expect(() => rollbackEdits(revision, places, [])).toThrow(
      'expected a revision of one source, got R3, from which home and east differ',
    );
    expect(rollbackEdits({ ...revision, share: 'home' }, places, []).place.share).toBe('home');
    expect(() => rollbackEdits({ ...revision, word: 'west/R3', share: 'west' }, places, [])).toThrow(
      'SOURCE/REVISION with one of home, east, got "west/R3"',
    );
  });

  it('leaves a source alone that the revision knows nothing of', () => {
    const { texts } = wanted('{"a":{}}', '{}');
    const revision = { ...wanted('', ''), texts: { [`home:${services}`]: texts[`home:${services}`] ?? '' } };
    const { place: found, steps } = rollbackEdits(
      revision,
      [place('home', '{"a":{}}'), place('east', '{"b":{}}')],
      [],
    );
    expect([found.share, steps]).toEqual(['home', []]);
  });

  it('writes nothing into one that cannot be read, and says why', () => {
    const places = [place('home', '{}'), place('east', '{}', 'nothing listens there')] as const;
    expect(() => rollbackEdits(wanted('{}', '{"b":{}}'), places, [])).toThrow(
      'east: expected a source that can be read, got: nothing listens there',
    );
    expect(rollbackEdits(wanted('{}', '{}'), places, []).steps).toEqual([]);
  });

  it('takes a revision from the time of one source for one of home, and the reverse', () => {
    const alone = { word: 'R1', share: undefined, texts: { [services]: '{"a":{}}' } };
    const into = rollbackEdits(alone, [place('home', '{}'), place('east', '{"b":{}}')], []);
    expect([into.place.share, into.steps[0]?.edit('{}')]).toEqual(['home', '{"a":{}}']);
    const back = rollbackEdits(wanted('{"a":{}}', '{"b":{}}'), [place(undefined, '{}')], []);
    expect(back.steps.map(({ edit }) => edit('{}'))).toEqual(['{"a":{}}']);
  });
});
