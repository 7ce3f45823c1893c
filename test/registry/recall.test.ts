import { describe, expect, it } from 'vitest';
import type { RawObject } from '../../src/model/snapshot.ts';
import { Freshness } from '../../src/registry/kubernetes-freshness.ts';

const object = (resourceVersion: string, uid = 'u1'): RawObject => ({
  name: 'service-registry',
  uid,
  resourceVersion,
  data: { 'services.json': `{"of": "${resourceVersion}"}` },
  annotations: {},
});

describe('a reader that recalls what its predecessor saw', () => {
  it('ignores an older version from its first read on, until that has lasted', () => {
    const freshness = new Freshness(60_000);
    freshness.recall([object('12')]);
    expect(freshness.judge(object('10'), 0)).toMatchObject({ object: { resourceVersion: '12' } });
    expect(freshness.isHolding('service-registry')).toBe(true);
    expect(freshness.judge(object('10'), 60_000).object.resourceVersion).toBe('10');
  });

  it('takes another object of the same name as it is', () => {
    const freshness = new Freshness(60_000);
    freshness.recall([object('12')]);
    expect(freshness.judge(object('3', 'u2'), 0).object.resourceVersion).toBe('3');
  });

  it('does not go back to what it recalls once it has read', () => {
    const freshness = new Freshness(60_000);
    freshness.judge(object('15'), 0);
    freshness.recall([object('12')]);
    expect(freshness.judge(object('14'), 1).object.resourceVersion).toBe('15');
  });
});
