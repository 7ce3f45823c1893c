import { describe, expect, it } from 'vitest';
import { registryChanges, summaryOf } from '../../src/model/registry-changes.ts';
import { alignedTexts, pathIn, splitSource, textsFrom, textsIn } from '../../src/model/registry-shares.ts';
import { contentDigest } from '../../src/model/registry-texts.ts';

const services = 'service-registry/services.json';
const east = { name: 'east', priority: 1, place: 'directory /east' };
const home = { name: 'home', priority: 9, place: 'directory /home' };

describe('texts of several sources', () => {
  it('have paths that name their source, whatever stands behind it', () => {
    for (const path of [services, `${services}/we:ird`, 'cluster-info/cluster-name'])
      for (const source of ['east', 'a', 'a-1', undefined])
        expect(splitSource(pathIn(source, path))).toEqual({ source, path });
    expect(splitSource(`${services}/east:x/y`)).toEqual({ source: undefined, path: `${services}/east:x/y` });
    expect(splitSource('East:service-registry').source).toBeUndefined();
  });

  it('are taken apart as they were put together', () => {
    const texts = { [services]: '{"a":{}}', 'cluster-info/cluster-name': 'x' };
    const both = { ...textsIn('east', texts), ...textsIn('home', { [services]: '{}' }) };
    expect(textsFrom('east', both)).toEqual(texts);
    expect(textsFrom('home', both)).toEqual({ [services]: '{}' });
    expect(textsFrom(undefined, both)).toEqual({});
  });

  it('of one source compare as those of home with several, and the reverse', () => {
    const one = { [services]: '{"a":{}}' };
    const two = { ...textsIn('home', one), ...textsIn('east', { [services]: '{"b":{}}' }) };
    const added = registryChanges(alignedTexts(one, undefined, [home, east]), two);
    expect(added.map(({ path }) => path)).toEqual([`east:${services}/b`]);
    const gone = registryChanges(alignedTexts(two, [home, east], undefined), one);
    expect(gone.map(({ path, change }) => [path, change])).toEqual([[`east:${services}/b`, 'removed']]);
    expect(alignedTexts(two, [home, east], [east, home])).toBe(two);
  });

  it('say the same whichever source they stand in, and a summary says which it was', () => {
    expect(contentDigest(`east:${services}`, '{ "a": 1 }')).toBe(contentDigest(services, '{"a":1}'));
    const changes = registryChanges(
      textsIn('east', { [services]: '{}' }),
      textsIn('east', { [services]: '{"wiki":{"port":80}}' }),
    );
    expect(summaryOf(changes)).toBe('east +service wiki');
  });
});
