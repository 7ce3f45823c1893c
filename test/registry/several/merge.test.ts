import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { applyGuard } from '../../../src/plan/guard.ts';
import { planFleet } from '../../../src/plan/plan-fleet.ts';
import { mergeShares, type Share } from '../../../src/registry/several/merge.ts';
import { snapshotOf } from '../../plan/registry-of.ts';

const service = (ip: string, more: object = {}): object => ({ subdomain: 'x', ip, port: 80, ...more });
const share = (name: string, priority: number, snapshot: Snapshot | undefined): Share => ({
  name,
  priority,
  snapshot,
  state: snapshot === undefined ? 'none' : 'fresh',
});
const cluster = (domain: string): Record<string, string> => ({
  'cluster-name': domain,
  'cluster-domain': domain,
});
const laptop = { management_laptops: [{ ip: '100.64.0.1', name: 'laptop', ssh_user: 'ada' }] };
const hostsOf = (snapshot: Snapshot | undefined): string =>
  snapshot === undefined
    ? ''
    : [...planFleet(snapshot, 'sc-1', []).nodes.values()]
        .flatMap(({ bundles }) => bundles)
        .map(({ bytes }) => bytes)
        .join('');

const home = snapshotOf({
  info: cluster('alpha'),
  services: { wiki: service('10.0.0.1', { subdomain: 'wiki' }) },
  registry: { ...laptop, vps_nodes: [], worker_nodes: [] },
});
const east = snapshotOf({
  info: cluster('beta'),
  services: {
    wiki: service('10.0.0.2', { subdomain: 'wiki' }),
    git: service('10.0.0.3', { subdomain: 'git' }),
  },
});

describe('several sources', () => {
  it('are one plan, in which each service has the domain of its own cluster and knows its source', () => {
    const merged = mergeShares([share('home', 5, home), share('east', 1, east)], 'home', undefined);
    expect([...(merged?.services.values() ?? [])].map(({ name, source }) => [name, source])).toEqual([
      ['wiki', 'home'],
      ['git', 'east'],
    ]);
    expect(hostsOf(merged)).toContain('10.0.0.1\twiki.alpha.local');
    expect(hostsOf(merged)).toContain('10.0.0.3\tgit.beta.local');
  });

  it('win by priority, then by name, and the loser is told with both', () => {
    const merged = (a: number, b: number) =>
      mergeShares([share('home', a, home), share('east', b, east)], 'home', undefined);
    expect(merged(5, 1)?.services.get('wiki')?.ip).toBe('10.0.0.1');
    expect(merged(1, 5)?.services.get('wiki')?.ip).toBe('10.0.0.2');
    expect(merged(1, 1)?.services.get('wiki')?.ip).toBe('10.0.0.2');
    expect(merged(5, 1)?.findings.find(({ path }) => path.startsWith('east:'))).toMatchObject({
      severity: 'error',
      path: 'east:service-registry/services.json/wiki',
      message:
        'expected wiki in one source, got it in home (priority 5) and east (priority 1); that of home counts',
    });
    // A contested name leaves nothing unknown.
    expect(merged(5, 1)?.complete).toBe(home.complete && east.complete);
  });

  it('take equal entries for one, and tell of a host name that two services of two sources want', () => {
    const same = snapshotOf({
      info: cluster('alpha'),
      services: { wiki: service('10.0.0.1', { subdomain: 'wiki' }) },
    });
    const merged = mergeShares([share('home', 5, home), share('east', 1, same)], 'home', undefined);
    expect(merged?.findings.filter(({ message }) => message.includes('in one source'))).toEqual([]);
    const rival = snapshotOf({
      info: cluster('alpha'),
      services: { aaa: service('10.9.9.9', { subdomain: 'wiki' }) },
    });
    const contested = mergeShares([share('home', 5, home), share('east', 1, rival)], 'home', undefined);
    expect(hostsOf(contested)).toContain('10.0.0.1\twiki.alpha.local');
    expect(hostsOf(contested)).not.toContain('10.9.9.9\twiki');
    expect(contested?.findings.map(({ path }) => path)).toContain(
      'east:service-registry/services.json/aaa/subdomain',
    );
  });

  it('give the same snapshot in whatever order the settings name them and the registries list their entries', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
    const shares = fc.uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.nat(2), names), {
      minLength: 2,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(shares, fc.nat(), (drawn, turn) => {
        const build = (order: typeof drawn, flip: boolean) =>
          mergeShares(
            order.map(([name, priority, own]) => {
              const entries = own.map((one) => [
                one,
                service(`10.0.${String(name.charCodeAt(0))}.1`, { subdomain: `s-${one}` }),
              ]);
              return share(
                name,
                priority,
                snapshotOf({
                  info: cluster('one'),
                  services: Object.fromEntries(flip ? entries.toReversed() : entries),
                }),
              );
            }),
            'x',
            undefined,
          );
        const turned = [...drawn.slice(turn % drawn.length), ...drawn.slice(0, turn % drawn.length)];
        expect(build(turned, true)?.digest).toBe(build(drawn, false)?.digest);
      }),
      { numRuns: 100 },
    );
  });

  it('with one public domain here and several there are served where each of them says', () => {
    const vps = (ip: string, domain: string): object => ({
      vps_nodes: [
        { ip, name: `vps-${ip.slice(-1)}`, ssh_user: 'ada', sync_controller: { public_domain: domain } },
      ],
    });
    const single = snapshotOf({
      info: cluster('alpha'),
      services: { wiki: service('10.0.0.1', { subdomain: 'wiki', public: true }) },
      registry: { ...vps('100.64.0.7', 'alpha.example'), management_laptops: [], worker_nodes: [] },
    });
    const multi = snapshotOf({
      info: cluster('beta'),
      services: { git: service('10.0.0.3', { subdomain: 'git', public: true }) },
      domains: { domains: { 'beta.example': {} }, vps_nodes: [] },
      routing: { git: { domains: ['beta.example'], vps_nodes: ['100.64.0.8'], strategy: 'geo' } },
      registry: { ...vps('100.64.0.8', 'unused.example'), management_laptops: [], worker_nodes: [] },
    });
    const merged = mergeShares([share('home', 5, single), share('east', 1, multi)], 'home', undefined);
    expect(hostsOf(merged)).toContain('Host(`wiki.alpha.example`)');
    expect(hostsOf(merged)).toContain('Host(`git.beta.example`)');
    expect(hostsOf(merged)).not.toContain('git.alpha.example');
  });
});

describe('the guard over several sources', () => {
  const many = (count: number, prefix: string): object =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `${prefix}${String(at)}`,
        service(`10.0.1.${String(at + 1)}`, { subdomain: `${prefix}${String(at)}` }),
      ]),
    );
  const big = snapshotOf({ info: cluster('alpha'), services: many(40, 'a') });
  const small = (count: number): Snapshot =>
    snapshotOf({ info: cluster('alpha'), services: many(count, 'b') });
  const merged = (other: Snapshot | undefined): Snapshot => {
    const made = mergeShares([share('home', 5, big), share('east', 1, other)], 'home', undefined);
    if (made === undefined) throw new Error('nothing was merged');
    return made;
  };

  it('withholds the loss of most of one share, however little of the whole that is', () => {
    const { effective, held } = applyGuard(merged(small(6)), merged(small(1)), new Set());
    expect(held).toMatchObject([{ reason: 'one change would remove 5 of 6 services of the source east' }]);
    expect(effective.services.size).toBe(46);
    const approved = applyGuard(merged(small(6)), merged(small(1)), new Set(held.map(({ hash }) => hash)));
    expect(approved.effective.services.size).toBe(41);
  });

  it('lets go what is little of its share', () => {
    expect(applyGuard(merged(small(20)), merged(small(15)), new Set()).held).toEqual([]);
  });

  it('keeps the share of a source of which nothing can be read, also a small one', () => {
    const { effective, held } = applyGuard(merged(small(2)), merged(undefined), new Set());
    expect([held, effective.services.size]).toEqual([[], 42]);
    expect(effective.complete).toBe(false);
  });
});
