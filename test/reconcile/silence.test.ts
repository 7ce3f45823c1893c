import { expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { watchSilence } from '../../src/reconcile/silence.ts';
import { Visits } from '../../src/transport/visits.ts';
import { ManualClock } from '../support/manual-clock.ts';

const home = nodeId('worker_nodes', '192.168.1.20');
const never = nodeId('worker_nodes', '192.168.1.21');

it('tells once of a node that has fallen silent, and again after it was back', async () => {
  const clock = new ManualClock();
  const visits = new Visits(clock);
  visits.serve(() => undefined);
  const told: string[] = [];
  const stop = new AbortController();
  const watching = watchSilence(
    { visits, ids: () => [home, never], clock, silentMs: 100_000, onSilent: (id) => told.push(id) },
    stop.signal,
  );
  const parked = { give: () => Promise.resolve(), dismiss: () => undefined };
  const leave = visits.park(home, parked);
  // As long as it waits at the door it is not silent, however long that is.
  await clock.advance(300_000);
  expect(told).toEqual([]);
  leave();
  await clock.advance(90_000);
  expect(told).toEqual([]);
  await clock.advance(30_000);
  expect(told).toEqual([home]);
  await clock.advance(500_000);
  expect(told).toEqual([home]);
  visits.park(home, parked)();
  await clock.advance(130_000);
  expect(told).toEqual([home, home]);
  stop.abort();
  await watching;
});
