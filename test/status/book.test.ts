import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/lib/logger.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import type { Node, NodeId } from '../../src/model/node.ts';
import { nodeId } from '../../src/model/node.ts';
import { Book } from '../../src/status/book.ts';
import { entryOf } from '../../src/status/hint.ts';
import { isTransition, type StatusChange } from '../../src/status/ledger.ts';
import { unknownStatus } from '../../src/status/machine.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bad, good, node1, planA, planB, row } from './samples.ts';
import { SharedRegistry } from './shared-registry.ts';

const context = { desired: planA, passEnded: true };
const flushMs = 30_000;
const text = '{"vps_nodes":[{"ip":"100.64.0.1","status":"active","last_sync":"2025-12-31T00:00:00Z"}]}';

function setUp(how: { writeBack: boolean } = { writeBack: true }) {
  const registry = new SharedRegistry(text);
  const clock = new ManualClock();
  const lines: string[] = [];
  const log: Logger = loggerOver((level, message) => lines.push(`${level} ${message}`));
  const objects = {
    data: {} as Record<string, string>,
    failure: undefined as Error | undefined,
    read: async (name: string) =>
      objects.failure === undefined
        ? Promise.resolve(name === 'p-0' ? objects : undefined)
        : Promise.reject(objects.failure),
    patch: async (_name: string, data: Readonly<Record<string, string | null>>) => {
      Object.assign(objects.data, data);
      return Promise.resolve();
    },
  };
  const book = new Book({
    clock,
    log,
    rows: how.writeBack ? registry : undefined,
    objects,
    prefix: 'p',
    flushMs,
    shardNodes: 400,
  });
  return { book, clock, lines, objects, registry };
}

const one = (recorded: Partial<Node['recorded']>): Map<NodeId, Node> =>
  new Map([[node1, row(node1, recorded)]]);

describe('statuses at the start', () => {
  it.each([
    ['active', 'active', undefined],
    ['pending_sync', 'pending_sync', 'waiting_retry'],
    ['error', 'error', 'waiting_retry'],
    [undefined, 'pending_sync', 'waiting_retry'],
  ] as const)('%s in a row is the hint %s', async (status, state, cause) => {
    const { book } = setUp();
    await book.open();
    book.observe(one({ status, lastSync: status === undefined ? undefined : '2025-12-31T00:00:00Z' }));
    expect(book.get(node1)).toMatchObject({ state, cause, hint: true });
  });

  it('are hints until this process has looked', async () => {
    const { book } = setUp();
    await book.open();
    book.observe(one({ status: 'active', lastSync: '2025-12-31T00:00:00Z' }));
    book.expect(node1, planA);
    expect(book.get(node1)).toMatchObject({
      hint: true,
      evidence: 'unverified since restart',
      lastSync: '2025-12-31T00:00:00Z',
    });
    expect(book.record(good(), context)).toMatchObject({ hint: false, state: 'active' });
  });

  it('come from the rows also where the plan was known first', () => {
    const { book } = setUp();
    book.expect(node1, planB);
    book.observe(one({ status: 'active', lastSync: '2025-12-31T00:00:00Z' }));
    expect(book.get(node1)).toMatchObject({
      state: 'active',
      desired: planB,
      lastSync: '2025-12-31T00:00:00Z',
    });
  });

  it('never push a later reading of the rows over what was seen', () => {
    const { book } = setUp();
    book.record(bad('auth'), context);
    book.observe(one({ status: 'active', lastSync: '2026-01-01T00:00:00Z' }));
    expect(book.get(node1)).toMatchObject({ state: 'error', cause: 'auth' });
  });

  it('of nodes that were removed meanwhile are forgotten, but not because the registry could not be read', async () => {
    const gone = nodeId('vps_nodes', '100.64.0.8');
    const { book, objects } = setUp();
    objects.data = { a: entryOf({ ...unknownStatus(gone, 's'), lastSync: 's' }) };
    await book.open();
    book.observe(new Map());
    expect(book.get(gone)?.lastSync).toBe('s');
    book.observe(one({ status: 'active' }));
    expect([...book.all().keys()]).toEqual([node1]);
  });

  it('cost only the hints where the source is down', async () => {
    const { book, objects, lines } = setUp();
    objects.failure = new Error('503');
    await book.open();
    expect(lines.join()).toContain('warn earlier statuses cannot be read');
    expect(book.record(good(), context).state).toBe('active');
  });
});

describe('the book', () => {
  it('tells its subscribers of every change, and which ones are news', () => {
    const { book } = setUp();
    const heard: StatusChange[] = [];
    const leave = book.subscribe((change) => heard.push(change));
    book.record(good(), context);
    book.record(good(), context);
    book.record(bad('timeout'), context);
    book.forget(node1);
    leave();
    book.record(good(), context);
    expect(
      heard.map((change) => [change.previous?.state, change.current?.state, isTransition(change)]),
    ).toEqual([
      [undefined, 'active', true],
      ['active', 'active', false],
      ['active', 'pending_sync', true],
      ['pending_sync', undefined, true],
    ]);
  });

  it('flushes into the rows and into our own objects', async () => {
    const { book, registry, objects } = setUp();
    book.record(bad('auth'), context);
    await book.flush();
    expect(registry.rows().get(node1)?.recorded.status).toBe('error');
    expect(Object.values(objects.data).join()).toContain('"cause":"auth"');
  });

  it('keeps the rows untouched where write-back is off', async () => {
    const { book, objects, registry } = setUp({ writeBack: false });
    book.record(bad('auth'), context);
    await book.flush();
    expect(registry.text).toBe(text);
    expect(Object.keys(objects.data)).toHaveLength(1);
  });

  it('writes our own objects also where the rows cannot be written, and says that they cannot', async () => {
    const { book, registry, objects } = setUp();
    registry.failure = new Error('forbidden');
    book.record(bad('auth'), context);
    await expect(book.flush()).rejects.toThrow('forbidden');
    expect(Object.keys(objects.data)).toHaveLength(1);
  });

  it("puts statuses back that an admin's save took, without being told of it", async () => {
    const { book, clock, registry, lines } = setUp();
    const stop = new AbortController();
    let rows = registry.rows();
    const following = book.follow(() => rows, stop.signal);
    book.record(bad('timeout'), context);
    await clock.advance(flushMs);
    registry.text = text;
    rows = registry.rows();
    await clock.advance(flushMs);
    expect(registry.rows().get(node1)?.recorded.status).toBe('pending_sync');
    expect(lines.join()).toContain('took statuses back');
    stop.abort();
    await clock.advance(flushMs);
    await following;
  });

  it('says nothing of a row that vanished and does not bring it back', async () => {
    const { book, registry } = setUp();
    const gone = nodeId('vps_nodes', '100.64.0.8');
    book.record(good(gone), context);
    await book.flush();
    expect(registry.text).toBe(text);
  });
});
