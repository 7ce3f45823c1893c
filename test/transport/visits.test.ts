import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { createPullTransport } from '../../src/transport/pull.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { Visits, type Return } from '../../src/transport/visits.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { failureOf } from './rig.ts';

const home = nodeId('worker_nodes', '192.168.1.20');
const nonce = 'a'.repeat(32);
const line = (of: string): Buffer =>
  Buffer.from(`SC1 check sc-test-0001 ${home} hosts 1 writer01 1 - 0 - ${of} 5000 0 - 0 -\n`);
const receipt = (of: string): Buffer => Buffer.from(`{"sc":1,"nonce":"${of}"}\n`);

/** A visit that remembers what it was given. */
function visitor() {
  const given: string[] = [];
  let dismissed = 0;
  let cut = (): void => undefined;
  return {
    given,
    dismissals: () => dismissed,
    cut: () => {
      cut();
    },
    parked: (holds = false) => ({
      give: (bytes: Buffer) => {
        given.push(bytes.toString().split(' ')[11] ?? '');
        if (!holds) return Promise.resolve();
        return new Promise<void>((_, reject) => {
          cut = () => {
            reject(new Error('closed'));
          };
        });
      },
      dismiss: () => {
        dismissed += 1;
      },
    }),
  };
}

function scene() {
  const clock = new ManualClock();
  const visits = new Visits(clock);
  const back: (Return & { readonly id: string })[] = [];
  const transport = createPullTransport(visits, clock);
  const endpoint = { id: home, pull: true } as unknown as Endpoint;
  const ask = (of = nonce, signal = new AbortController().signal, deadlineMs = 60_000) =>
    transport.exchange(
      endpoint,
      { program: 'receive', stdin: line(of), deadlineMs, maxOutputBytes: 1_000 },
      signal,
    );
  return {
    clock,
    visits,
    back,
    transport,
    endpoint,
    ask,
    serve: () => {
      visits.serve((id, how) => back.push({ id, ...how }));
    },
  };
}

describe('a node that fetches', () => {
  it('is absent at once where nothing listens for it', async () => {
    const { ask } = scene();
    expect(await failureOf(ask())).toMatchObject({
      causeClass: 'pull_silent',
      reached: false,
      started: false,
      message: expect.stringContaining('pull.listen') as string,
    });
  });

  it('is given the bytes of the request, and its answer is the result of the exchange', async () => {
    const { visits, ask, serve } = scene();
    serve();
    const { parked, given } = visitor();
    visits.park(home, parked());
    const asked = ask();
    expect(given).toEqual([nonce]);
    expect(visits.room(home, nonce)).toBe(1_000);
    expect(visits.tell(home, { nonce, exitCode: 0, stdout: receipt(nonce) })).toBe(true);
    expect(await asked).toMatchObject({ exitCode: 0, stdout: receipt(nonce), hostKey: undefined });
  });

  it('is here between two visits, and absent when it does not come again', async () => {
    const { clock, visits, ask, serve } = scene();
    serve();
    const first = visitor();
    visits.park(home, first.parked())();
    const asked = failureOf(ask());
    await clock.advance(2_900);
    expect(visits.sightOf(home)?.here).toBe(true);
    await clock.advance(3_200);
    expect(await asked).toMatchObject({ causeClass: 'pull_silent', started: false });
    expect(await failureOf(ask())).toMatchObject({
      causeClass: 'pull_silent',
      message: 'it came last at 2026-01-01T00:00:00Z',
    });
  });

  it('may come within the first seconds of the listener, and is absent after them', async () => {
    const { clock, visits, ask, serve } = scene();
    serve();
    const one = ask();
    const { parked, given } = visitor();
    await clock.advance(1_000);
    visits.park(home, parked());
    expect(given).toEqual([nonce]);
    visits.tell(home, { nonce, exitCode: 0, stdout: receipt(nonce) });
    await one;
    const other = scene();
    other.serve();
    const never = failureOf(other.ask());
    await other.clock.advance(7_000);
    expect(await never).toMatchObject({ causeClass: 'pull_silent' });
  });

  it('has one request at a time, in the order in which they came', async () => {
    const { visits, ask, serve } = scene();
    serve();
    const { parked, given } = visitor();
    visits.park(home, parked());
    const [one, two] = [ask('1'.repeat(32)), ask('2'.repeat(32))];
    expect(given).toEqual(['1'.repeat(32)]);
    visits.tell(home, { nonce: '1'.repeat(32), exitCode: 0, stdout: receipt('1') });
    await one;
    visits.park(home, parked());
    expect(given).toEqual(['1'.repeat(32), '2'.repeat(32)]);
    visits.tell(home, { nonce: '2'.repeat(32), exitCode: 0, stdout: receipt('2') });
    await two;
  });

  it('answers once: a second receipt, and one of another request, are taken by nobody', async () => {
    const { visits, ask, serve } = scene();
    serve();
    visits.park(home, visitor().parked());
    const asked = ask();
    const told = { nonce, exitCode: 0, stdout: receipt(nonce) };
    expect(visits.tell(home, { ...told, nonce: 'b'.repeat(32) })).toBe(false);
    expect(visits.tell(nodeId('worker_nodes', '192.168.1.21'), told)).toBe(false);
    expect(visits.tell(home, told)).toBe(true);
    expect(visits.tell(home, told)).toBe(false);
    expect(visits.room(home, nonce)).toBe(0);
    await asked;
  });

  it('that comes back without a receipt has lost the request', async () => {
    const { visits, ask, serve } = scene();
    serve();
    visits.park(home, visitor().parked());
    const asked = failureOf(ask());
    visits.park(home, visitor().parked());
    expect(await asked).toMatchObject({ causeClass: 'no_receipt', reached: true, started: true });
  });

  it('that is cut off while it fetches has lost the request, too', async () => {
    const { visits, ask, serve } = scene();
    serve();
    const one = visitor();
    visits.park(home, one.parked(true));
    const asked = failureOf(ask());
    one.cut();
    expect(await asked).toMatchObject({ causeClass: 'connection_lost', started: true });
  });

  it('gives up an answer that comes after the deadline', async () => {
    const { visits, ask, serve } = scene();
    serve();
    visits.park(home, visitor().parked());
    const asked = failureOf(ask(nonce, undefined, 30));
    expect(await asked).toMatchObject({ causeClass: 'deadline' });
    expect(visits.tell(home, { nonce, exitCode: 0, stdout: receipt(nonce) })).toBe(false);
  });

  it('ends with the signal of who asks, and nothing is left for its next visit', async () => {
    const { visits, ask, serve } = scene();
    serve();
    const stop = new AbortController();
    const asked = ask(nonce, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(asked).rejects.toThrow('stopping');
    const { parked, given } = visitor();
    visits.park(home, parked());
    expect(given).toEqual([]);
  });

  it('is told when it comes and was not here, and not with every visit', async () => {
    const { clock, visits, back, serve } = scene();
    serve();
    visits.park(home, visitor().parked())();
    visits.park(home, visitor().parked())();
    expect(back).toEqual([{ id: home, awaited: false, delayMs: 0 }]);
    await clock.advance(10_000);
    visits.await(home);
    expect(back).toHaveLength(1);
    visits.park(home, visitor().parked());
    expect(back[1]).toEqual({ id: home, awaited: true, delayMs: 0 });
    // Somebody who waits for it while it is here has seen an exchange break.
    visits.await(home);
    expect(back[2]).toEqual({ id: home, awaited: true, delayMs: 5_000 });
  });

  it('that comes twice ends its earlier visit', () => {
    const { visits, serve } = scene();
    serve();
    const one = visitor();
    visits.park(home, one.parked());
    visits.park(home, visitor().parked());
    expect(one.dismissals()).toBe(1);
  });

  it('is forgotten with its visit, and every visit ends with the listener', async () => {
    const { visits, ask, serve } = scene();
    serve();
    const one = visitor();
    visits.park(home, one.parked());
    visits.forget(home);
    expect([one.dismissals(), visits.sightOf(home)]).toEqual([1, undefined]);
    visits.park(home, visitor().parked());
    const asked = failureOf(ask());
    visits.close();
    expect(await asked).toMatchObject({ causeClass: 'connection_lost' });
    expect(await failureOf(ask())).toMatchObject({ causeClass: expect.any(String) as string });
  });

  it('runs the receiver and nothing else', async () => {
    const { transport, endpoint, serve, visits } = scene();
    serve();
    const { parked, given } = visitor();
    visits.park(home, parked());
    const install = transport.exchange(
      endpoint,
      { program: 'install', stdin: Buffer.from('id\n'), deadlineMs: 1_000, maxOutputBytes: 10 },
      new AbortController().signal,
    );
    expect(await failureOf(install)).toMatchObject({ causeClass: 'receiver_outdated' });
    expect(given).toEqual([]);
  });
});
