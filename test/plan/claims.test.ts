import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { findingsOf, service, snapshotOf } from './registry-of.ts';
import { expectAsPlanned } from './reread.ts';

const cluster = 'cluster-0001';

function hostsOf(
  services: Readonly<Record<string, unknown>>,
  before?: Readonly<Record<string, unknown>>,
): string {
  const lastGood = before === undefined ? undefined : snapshotOf({ services: before });
  const plan = planFleet(snapshotOf({ services }, lastGood), cluster, []);
  return [...plan.nodes.values()]
    .flatMap((node) => node.bundles)
    .map((bundle) => bundle.bytes)
    .join('');
}

describe('two claims on one name', () => {
  const a = service('photos', 1);
  const b = service('photos', 2);

  it('go to the smallest service name where nobody held it, in any key order', () => {
    expect(hostsOf({ a, b })).toContain('100.76.150.1\tphotos.minicloud.local');
    expect(hostsOf({ b, a })).toBe(hostsOf({ a, b }));
  });

  it('stay with who held the name, as long as that one claims it', () => {
    expect(hostsOf({ a, b }, { b })).toContain('100.76.150.2\tphotos.minicloud.local');
    expect(hostsOf({ a, b: service('photos', 9) }, { b })).toContain('100.76.150.9\tphotos.minicloud.local');
    expect(hostsOf({ a, b: service('other', 2) }, { b })).toContain('100.76.150.1\tphotos.minicloud.local');
  });

  it('stay with the holder over any number of readings', () => {
    let snapshot = snapshotOf({ services: { b } });
    for (let reading = 0; reading < 3; reading++) snapshot = snapshotOf({ services: { a, b } }, snapshot);
    expect(snapshot.holders.get('hosts/photos.minicloud.local')).toBe('b');
  });

  it('are one entry where the target is the same, without a finding', () => {
    const snapshot = snapshotOf({ services: { immich: a, 'immich-server': a } });
    expect(snapshot.findings).toEqual([]);
    expect(hostsOf({ immich: a, 'immich-server': a }).match(/photos\.minicloud\.local/g)).toHaveLength(1);
  });

  it('are one internal name and a contested public one where only the port differs', () => {
    const findings = findingsOf(snapshotOf({ services: { a, b: { ...a, port: 81 } } }));
    expect(findings).toEqual([
      expect.stringMatching(/b\/subdomain: .* the public name photos, which a \(100\.76\.150\.1:80\) holds/),
    ]);
  });

  it('do not meet in public while one of them is private', () => {
    expect(findingsOf(snapshotOf({ services: { a, b: { ...b, public: false } } }))).toEqual([
      expect.stringContaining('the internal name photos.minicloud.local'),
    ]);
  });

  it('leave every file with each name once, whatever claims what', () => {
    const name = fc.constantFrom('', '@', 'dashboard', 'minicloud', 'photos', 'photos-http', 'a.b', 'a-b');
    const entry = fc.record({
      sub: name,
      last: fc.integer({ min: 1, max: 3 }),
      port: fc.constantFrom(80, 81),
      public: fc.boolean(),
    });
    const registry = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), entry);
    fc.assert(
      fc.property(registry, registry, (now, before) => {
        const toServices = (entries: typeof now): Readonly<Record<string, unknown>> =>
          Object.fromEntries(
            Object.entries(entries).map(([key, { sub, last, port, public: open }]) => [
              key,
              service(sub, last, { port, public: open }),
            ]),
          );
        const lastGood = snapshotOf({ services: toServices(before) });
        for (const node of planFleet(
          snapshotOf({ services: toServices(now) }, lastGood),
          cluster,
          [],
        ).nodes.values()) {
          for (const bundle of node.bundles) expectAsPlanned(bundle);
        }
        const reversed = Object.fromEntries(Object.entries(now).reverse());
        expect(hostsOf(toServices(reversed), toServices(before))).toBe(
          hostsOf(toServices(now), toServices(before)),
        );
      }),
      { numRuns: 150 },
    );
  });
});
