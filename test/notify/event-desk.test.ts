import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/lib/random.ts';
import { EventDesk } from '../../src/notify/announce/event-desk.ts';
import type { EventText } from '../../src/registry/announcer.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from './listener.ts';

const event = (changes: Partial<EventText> = {}): EventText => ({
  object: 'service-registry',
  uid: 'u',
  version: '1',
  type: 'Normal',
  reason: 'Applied',
  note: 'R1 is live on 3 nodes',
  ...changes,
});

class Server {
  readonly told: EventText[] = [];
  readonly counts: number[] = [];
  failing: Error | undefined;
  forgotten = false;
  tell = (one: EventText): Promise<void> => {
    if (this.failing !== undefined) return Promise.reject(this.failing);
    this.told.push(one);
    return Promise.resolve();
  };
  tellAgain = ({ count }: { count: number }): Promise<boolean> => {
    if (!this.forgotten) this.counts.push(count);
    return Promise.resolve(!this.forgotten);
  };
}

function desk(onFailure: () => number | undefined = () => 1_000) {
  const [server, clock] = [new Server(), new ManualClock()];
  return {
    server,
    clock,
    desk: new EventDesk({ announcer: server, clock, random: systemRandom, onFailure }),
  };
}

describe('the desk of events', () => {
  it('tells a handful a minute, and of what waits about one thing only the newest', async () => {
    const { server, clock, desk: made } = desk();
    for (let number = 1; number <= 6; number += 1) {
      made.push(event({ note: `R${String(number)}` }));
      await until(() => server.told.length === number);
    }
    for (let number = 7; number <= 40; number += 1) made.push(event({ note: `R${String(number)}` }));
    made.push(event({ reason: 'Withheld', note: 'held' }));
    await clock.advance(30_000);
    expect(server.told).toHaveLength(6);
    await clock.advance(30_000);
    await until(() => server.told.length === 8);
    expect(server.told.slice(6).map(({ note }) => note)).toEqual(['R40', 'held']);
    await made.close();
  });

  it('counts what it says again, and says it anew where the API server has forgotten it', async () => {
    const { server, clock, desk: made } = desk();
    made.push(event());
    await until(() => server.told.length === 1);
    made.push(event());
    await until(() => server.counts.length === 1);
    made.push(event());
    await until(() => server.counts.length === 2);
    expect([server.told.length, server.counts]).toEqual([1, [2, 3]]);
    server.forgotten = true;
    made.push(event());
    await until(() => server.told.length === 2);
    await clock.advance(3_600_001);
    server.forgotten = false;
    made.push(event());
    await until(() => server.told.length === 3);
    await made.close();
  });

  it('tries again what failed unless something newer was said, and lets go what would fail again', async () => {
    const { server, clock, desk: made } = desk();
    server.failing = new Error('down');
    made.push(event({ note: 'old' }));
    await clock.advance(500);
    made.push(event({ note: 'new' }));
    server.failing = undefined;
    await clock.advance(1_000);
    await until(() => server.told.length === 1);
    expect(server.told[0]?.note).toBe('new');
    await made.close();
    const final = desk(() => undefined);
    final.server.failing = new Error('invalid');
    final.desk.push(event());
    await final.clock.advance(10);
    final.server.failing = undefined;
    final.desk.push(event({ reason: 'Withheld' }));
    await until(() => final.server.told.length === 1);
    expect(final.server.told[0]?.reason).toBe('Withheld');
    await final.desk.close();
  });

  it('keeps a note within what Kubernetes takes, on one printable line', async () => {
    const { server, desk: made } = desk();
    made.push(event({ note: `a\nb\u001b[31m${'é'.repeat(2_000)}` }));
    await until(() => server.told.length === 1);
    const note = server.told[0]?.note ?? '';
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    // eslint-disable-next-line no-control-regex -- none of them may be left
    expect(note).not.toMatch(/[\u0000-\u001f]/u);
    await made.close();
  });
});
