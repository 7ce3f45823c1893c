import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { applyGuard, orphans } from '../../src/plan/guard.ts';
import { laptop, service, snapshotOf, vps, type Contents } from './registry-of.ts';

const none = new Set<string>();

function services(...numbers: readonly number[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(numbers.map((n) => [`s${String(n)}`, service(`s${String(n)}`, n)]));
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function baseOf(contents: Contents): Snapshot {
  return applyGuard(undefined, snapshotOf(contents), none).effective;
}

describe('the guard over services', () => {
  const base = baseOf({ services: services(...range(1, 10)) });

  it.each([
    ['lets half of ten go', 5, 0],
    ['withholds six of ten', 4, 6],
    ['withholds all of ten', 0, 10],
  ])('%s', (_title, left, withheld) => {
    const { effective, held } = applyGuard(base, snapshotOf({ services: services(...range(1, left)) }), none);
    expect(held.flatMap((removal) => removal.names)).toHaveLength(withheld);
    expect(effective.services.size).toBe(left + withheld);
  });

  it('lets four of four go: fewer than five names are no mass', () => {
    const small = baseOf({ services: services(1, 2, 3, 4) });
    expect(applyGuard(small, snapshotOf({ services: '{}' }), none)).toMatchObject({
      held: [],
      effective: { services: new Map() },
    });
  });

  it('keeps withholding while its own effective snapshot is the base, and lets go once the registry has the entries again', () => {
    const emptied = snapshotOf({ services: '{}' });
    const first = applyGuard(base, emptied, none);
    const second = applyGuard(first.effective, emptied, none);
    expect(second.held).toEqual(first.held);
    expect(second.effective.digest).toBe(first.effective.digest);
    expect(
      applyGuard(second.effective, snapshotOf({ services: services(...range(1, 10)) }), none).held,
    ).toEqual([]);
  });

  it('lets an approved removal go, and the approval survives unrelated edits', () => {
    const [removal] = applyGuard(base, snapshotOf({ services: services(1) }), none).held;
    const unrelated = snapshotOf({
      services: { ...services(1), new: service('new', 99), s1: service('other', 1) },
    });
    const { held, effective } = applyGuard(base, unrelated, new Set([removal?.hash ?? '']));
    expect(held).toEqual([]);
    expect([...effective.services.keys()]).toEqual(['s1', 'new']);
  });

  it('asks again when the removal set grows after the approval', () => {
    const [removal] = applyGuard(base, snapshotOf({ services: services(1, 2) }), none).held;
    expect(
      applyGuard(base, snapshotOf({ services: services(1) }), new Set([removal?.hash ?? ''])).held,
    ).toHaveLength(1);
  });

  it('lets additions, changes and unpublishing flow beside a withheld removal', () => {
    const now = snapshotOf({
      services: {
        s1: service('moved', 77),
        s2: service('s2', 2, { public: false }),
        new: service('new', 99),
      },
    });
    const { effective, held } = applyGuard(base, now, none);
    expect(held).toHaveLength(1);
    expect(effective.services.get('s1')).toMatchObject({ subdomain: 'moved', ip: '100.76.150.77' });
    expect(effective.services.get('s2')?.public).toBe(false);
    expect(effective.services.has('new')).toBe(true);
    expect(effective.services.get('s9')?.public).toBe(true);
  });

  it('gives a name to its holder when a kept entry meets a new one under it', () => {
    const now = snapshotOf({ services: { a: service('s9', 99) } });
    const { effective } = applyGuard(base, now, none);
    expect(effective.holders.get('hosts/s9.minicloud.local')).toBe('s9');
    expect(effective.holders.get('routes/s9')).toBe('s9');
  });

  it('keeps the route of a service that it keeps', () => {
    const route = { domains: ['curiios.com'], vps_nodes: [vps.ip] };
    const routed = baseOf({ services: services(...range(1, 10)), routing: { s9: route, s1: route } });
    const now = snapshotOf({ services: services(1), routing: { s1: route } }, routed);
    expect(applyGuard(routed, now, none).effective.routes.get('s9')?.domains).toEqual(['curiios.com']);
  });
});

describe('the guard without a base', () => {
  it('takes an incomplete first snapshot as additions only, until a complete one comes', () => {
    const broken = applyGuard(undefined, snapshotOf({ services: '{' }), none).effective;
    expect(broken.additionsOnly).toBe(true);
    const still = applyGuard(broken, snapshotOf({ services: '[]' }), none).effective;
    expect(still.additionsOnly).toBe(true);
    const good = applyGuard(still, snapshotOf({}), none).effective;
    expect(good.additionsOnly).toBe(false);
    expect(applyGuard(good, snapshotOf({ services: '{' }), none).effective.additionsOnly).toBe(false);
  });
});

describe('orphans', () => {
  it('lists rows that vanished and says nothing of new ones', () => {
    const base = snapshotOf({});
    const now = snapshotOf({
      registry: {
        management_laptops: [{ ...laptop, ip: '100.86.112.9' }],
        vps_nodes: [vps],
        worker_nodes: [],
      },
    });
    expect(orphans(base, now)).toEqual([`management_laptops@${laptop.ip}`]);
    expect(orphans(undefined, now)).toEqual([]);
  });
});
