import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loggerOver } from '../../src/lib/logger.ts';
import { causeOf, type CauseClass } from '../../src/model/cause.ts';
import type { NodeId } from '../../src/model/node.ts';
import { fileMemory } from '../../src/notify/memory.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { outboxLimit } from '../../src/notify/outbox.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { bad, good, row } from '../status/samples.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { Listener, until } from './listener.ts';
import { countingDice, hour, minute, node, second, settingsOf } from './story.ts';

type Changed = NonNullable<Parameters<typeof settingsOf>[0]>;

let folder: string;
let server: Listener;
let lines: string[];
let running: Notifier[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notifier-'));
  server = await Listener.open();
  [lines, running] = [[], []];
});
afterEach(async () => {
  for (const one of running) await one.close(10);
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A daemon's share of it: a ledger whose changes go to a notifier with one webhook. */
async function daemon(changed: Changed = {}) {
  const clock = new ManualClock();
  const ledger = new Ledger(clock);
  const notifier = new Notifier({
    settings: settingsOf({ targets: [{ name: 'ops', kind: 'webhook', url: server.url }], ...changed }),
    clock,
    random: countingDice(),
    log: loggerOver((level, message) => void lines.push(`${level} ${message}`)),
    memory: fileMemory(folder),
    nodeOf: (id) => row(id),
    cluster: () => 'home',
  });
  running.push(notifier);
  await notifier.open();
  ledger.subscribe(notifier.status);
  const record = (id: NodeId, cause?: CauseClass): void => {
    const outcome = cause === undefined ? good(id) : bad(cause, { id, reachable: !causeOf(cause).offline });
    ledger.record(outcome, { desired: undefined, passEnded: true });
  };
  return { clock, ledger, notifier, record };
}

const told = () =>
  server.heard.map((_, n) => `${String(server.json(n)['status'])} ${String(server.json(n)['cause'])}`);
const hundred = Array.from({ length: 100 }, (_, n) => node(n));

describe('the notifier', () => {
  it('sends one alert and one recovery for 100 nodes that fail by one cause', async () => {
    const { clock, record } = await daemon();
    for (const id of hundred) record(id, 'auth');
    await clock.advance(hour);
    await until(() => server.heard.length > 0);
    for (const id of hundred) record(id);
    await clock.advance(hour);
    await until(() => server.heard.length > 1);
    await clock.advance(hour);
    expect(told()).toEqual(['firing auth', 'resolved auth']);
    expect(server.json()).toMatchObject({ count: 100, cluster: 'home', lost: 0 });
  });

  it('sends one message for ten flaps a minute', async () => {
    const { clock, record } = await daemon();
    for (let n = 0; n < 50; n += 1) {
      record(node(1), 'timeout');
      await clock.advance(3 * second);
      record(node(1));
      await clock.advance(3 * second);
    }
    await until(() => server.heard.length > 0);
    expect(told()).toEqual(['firing flapping']);
  });

  it('takes every change at once while its target hangs, and keeps a bounded number of messages', async () => {
    server.answer = () => undefined;
    const { clock, record, notifier } = await daemon({ joinMs: 1, quietMs: 1, groupMs: 1, flapCount: 100 });
    for (let round = 0; round < 60; round += 1) {
      for (const [n, id] of hundred.entries()) if (n % 10 === 0) record(id, n % 20 === 0 ? 'auth' : 'sudo');
      await clock.advance(10);
      for (const id of hundred) record(id);
      await clock.advance(10);
    }
    const [health] = notifier.health();
    expect(health!.waiting).toBeLessThanOrEqual(outboxLimit + 1);
    expect(health!.lost).toBeGreaterThan(0);
  });

  it('lets one target be told while another is dead', async () => {
    const dead = await Listener.open();
    const { url } = dead;
    await dead.close();
    const { clock, record, notifier } = await daemon({
      targets: [
        { name: 'dead', kind: 'webhook', url },
        { name: 'ops', kind: 'webhook', url: server.url },
      ],
    });
    record(node(1), 'auth');
    await clock.advance(minute);
    await until(() => server.heard.length === 1 && notifier.health()[0]!.failing);
    expect(notifier.health()[1]).toMatchObject({ target: 'ops', failing: false, waiting: 0 });
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('sends a test message past everything that waits, and says why one is not taken', async () => {
    const { notifier } = await daemon();
    expect(await notifier.test('ops')).toMatchObject({
      target: 'ops',
      kind: 'webhook',
      ok: true,
      reason: '',
    });
    expect(told()).toEqual(['test test']);
    server.answer = (_request, response) => response.writeHead(410).end('gone');
    expect(await notifier.test('ops')).toMatchObject({ ok: false, reason: 'it answered 410: gone' });
    await expect(notifier.test('opps')).rejects.toThrow('notify.targets: expected one of ops, got "opps"');
  });

  it('never fails whoever reports a status', async () => {
    const { ledger, notifier } = await daemon();
    const broken = {
      id: node(1),
      get current(): never {
        throw new Error('a fault');
      },
      previous: undefined,
    };
    notifier.status(broken);
    notifier.status(broken);
    expect(lines).toEqual(['error notifications have a fault; pushing goes on']);
    await notifier.close();
    ledger.record(bad('auth', { id: node(1) }), { desired: undefined, passEnded: true });
  });
});

describe('a restart', () => {
  it('tells the same incident not again, and its recovery', async () => {
    const first = await daemon();
    for (const id of hundred) first.record(id, 'auth');
    await first.clock.advance(minute);
    await until(() => server.heard.length === 1);
    await first.notifier.close();
    const second = await daemon();
    for (const id of hundred) second.record(id, 'auth');
    await second.clock.advance(hour);
    for (const id of hundred) second.record(id);
    await second.clock.advance(hour);
    await until(() => server.heard.length > 1);
    expect(told()).toEqual(['firing auth', 'resolved auth']);
    expect(server.json(1)).toMatchObject({ incident: server.json(0)['incident'], count: 100 });
  });

  it('tells the recovery of what was mended meanwhile, and of a node that was removed', async () => {
    const first = await daemon();
    first.record(node(1), 'auth');
    first.record(node(2), 'sudo');
    await first.clock.advance(minute);
    await until(() => server.heard.length === 2);
    await first.notifier.close();
    const second = await daemon();
    second.record(node(1));
    second.notifier.registered(new Set([node(1)]));
    await second.clock.advance(hour);
    await until(() => server.heard.length === 4);
    expect(told().slice(2).sort()).toEqual(['resolved auth', 'resolved sudo']);
  });

  it('delivers what a target has not got before', async () => {
    server.answer = (_request, response) => response.writeHead(503).end();
    const first = await daemon();
    first.record(node(1), 'auth');
    await first.clock.advance(11 * second);
    await until(() => server.heard.length > 0);
    await first.notifier.close(10);
    const before = server.heard.length;
    server.answer = (_request, response) => response.writeHead(200).end();
    await daemon();
    await until(() => server.heard.length > before);
    expect(server.json(before)).toMatchObject({ ...server.json(0), status: 'firing' });
  });

  it('tells a node that went on flapping not again', async () => {
    const first = await daemon();
    for (let n = 0; n < 10; n += 1) {
      first.record(node(1), 'auth');
      await first.clock.advance(3 * second);
      first.record(node(1));
      await first.clock.advance(3 * second);
    }
    await until(() => server.heard.length === 1);
    await first.notifier.close();
    const second_ = await daemon();
    for (let n = 0; n < 10; n += 1) {
      second_.record(node(1), 'auth');
      await second_.clock.advance(3 * second);
      second_.record(node(1));
      await second_.clock.advance(3 * second);
    }
    await second_.clock.advance(hour);
    await until(() => server.heard.length > 1);
    expect(told()).toEqual(['firing flapping', 'resolved flapping']);
  });

  it('goes on without its memory where that is damaged, and keeps it from others', async () => {
    const first = await daemon();
    first.record(node(1), 'auth');
    await first.clock.advance(minute);
    await until(() => server.heard.length === 1);
    await first.notifier.close();
    const path = join(folder, 'notify.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, '{"version":1,"incidents":');
    const second = await daemon();
    second.record(node(1), 'auth');
    await second.clock.advance(minute);
    await until(() => server.heard.length === 2);
    expect(lines.filter((line) => line.includes('cannot be read'))).toHaveLength(1);
  });

  it('is not kept from stopping by a state directory that cannot be written', async () => {
    const { clock, record, notifier } = await daemon();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    record(node(1), 'auth');
    await clock.advance(minute);
    await until(() => server.heard.length === 1);
    await notifier.close();
    expect(lines.some((line) => line.includes('cannot be remembered'))).toBe(true);
    chmodSync(folder, 0o600);
  });
});
