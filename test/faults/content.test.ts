// Cases of registry content and of clocks that need no node: sizes, claims, crowds, and time that jumps.
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { KeyQueue } from '../../src/reconcile/queue.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { service, snapshotOf } from '../plan/registry-of.ts';

const many = (count: number): Record<string, object> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `s${String(n)}`,
      { subdomain: `s${String(n)}`, ip: '10.1.1.1', port: 80, pad: 'x'.repeat(40) },
    ]),
  );

describe('a registry', () => {
  it('of 1 MiB is parsed with every bad entry set aside alone', () => {
    const entries = many(10_000);
    const bad = ['s7', 's4999', 's9999'];
    for (const name of bad) entries[name] = { subdomain: name, ip: '10.1.1.1', port: 65_536 };
    const text = JSON.stringify(entries);
    expect(text.length).toBeGreaterThan(900_000);
    const began = process.cpuUsage();
    const snapshot = snapshotOf({ services: text });
    const { user } = process.cpuUsage(began);
    expect(snapshot.services.size).toBe(10_000 - bad.length);
    expect(snapshot.findings.map(({ path }) => path)).toEqual(
      expect.arrayContaining(bad.map((name) => `service-registry/services.json/${name}/port`)),
    );
    // CPU of this thread, not the clock on the wall: a parser that is quadratic takes minutes.
    expect(user).toBeLessThan(10_000_000);
  });

  it('is not taken from its holder over 1,000 readings, whatever the order of its keys', () => {
    const claims = {
      b: service('chat', 1),
      a: { ...service('chat', 2), subdomain: 'CHAT' },
      c: service('other', 3),
    };
    let snapshot = snapshotOf({ services: { b: claims.b } });
    const rendered = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const entries = Object.entries(claims);
      snapshot = snapshotOf(
        { services: Object.fromEntries(round % 2 === 0 ? entries : entries.toReversed()) },
        snapshot,
      );
      rendered.add(JSON.stringify([...snapshot.holders]));
    }
    expect(rendered.size).toBe(1);
    expect([...rendered][0]).toContain('"b"');
  });

  it('of 10,000 nodes is planned, renders what is equal once, and sets bad rows aside', () => {
    const rows = Array.from({ length: 10_000 }, (_, n) => ({
      ip: `100.${String(64 + (n >> 16))}.${String((n >> 8) & 255)}.${String(n & 255)}`,
      name: `w${String(n)}`,
      ssh_user: n === 5 ? '-oProxyCommand=id' : n === 6 ? 'two words' : 'node',
    }));
    const snapshot = snapshotOf({
      services: many(10),
      registry: { management_laptops: [], vps_nodes: [], worker_nodes: [...rows, rows[0]] },
    });
    const plan = planFleet(snapshot, 'sc-aaaaaaaa', []);
    expect(snapshot.nodes.size).toBe(9_998);
    expect(snapshot.findings.filter(({ path }) => path.includes('worker_nodes'))).toHaveLength(3);
    expect(new Set([...plan.nodes.values()].map(({ bundles }) => bundles[0])).size).toBe(1);
  });
});

describe('a wall clock', () => {
  it.each([3_600_000, -3_600_000, 10 * 365 * 86_400_000])(
    'that jumps by %s ms hands out no retry before its time',
    async (jump) => {
      const time = new ManualClock();
      let offset = 0;
      const clock: Clock = {
        now: () => time.now() + offset,
        monotonic: () => time.monotonic(),
        sleep: (ms, signal) => time.sleep(ms, signal),
      };
      const queue = new KeyQueue<string>(clock);
      const got: string[] = [];
      for (let n = 0; n < 100; n++) queue.addLater(`node${String(n)}`, 'look', 5_000);
      const stop = new AbortController();
      const worker = (async () => {
        for (;;) got.push((await queue.take(stop.signal)).key);
      })().catch(() => undefined);
      offset = jump;
      await time.advance(4_999);
      expect(got).toEqual([]);
      offset = -jump;
      await time.advance(2);
      expect(got.length).toBeGreaterThan(0);
      stop.abort(new Error('over'));
      await worker;
    },
  );
});
