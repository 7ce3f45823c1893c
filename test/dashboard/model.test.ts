import { describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/contract/events.ts';
import { changeLines, diffLines } from '../../src/dashboard/model/change-lines.ts';
import { EventStream } from '../../src/dashboard/model/event-stream.ts';
import { groupsOf } from '../../src/dashboard/model/expected.ts';
import { withEvents, type NodeRow } from '../../src/dashboard/model/fleet-state.ts';
import { countsOf, everything, kindOf, shown } from '../../src/dashboard/model/node-filter.ts';
import { hashOf, placeOf } from '../../src/dashboard/model/place.ts';
import { may } from '../../src/dashboard/model/rights.ts';
import { age, meaningOf, moment } from '../../src/dashboard/model/words.ts';
import { roles, includes } from '../../src/contract/access.ts';
import { livenessOf, verdictOf } from '../../src/contract/verdict.ts';
import { isOfflineCause } from '../../src/model/cause.ts';
import { status, verified } from '../cli/controller-double.ts';
import { rolloutOf } from '../cli/steering-double.ts';

const node = (name: string, changes: Partial<NodeRow> = {}): NodeRow => ({
  ...verified(name),
  ...{ since: '2026-01-01T00:00:00Z', lastSync: null, lastAttempt: null, hint: false },
  ...changes,
});

const fleetOf = (nodes: readonly NodeRow[], changes: Parameters<typeof status>[0] = {}) => {
  const fleet = withEvents(undefined, [{ event: 'status', data: status({ ...changes, nodes: [...nodes] }) }]);
  if (fleet === undefined) throw new Error('no fleet');
  return fleet;
};

const bad = (name: string, cause: string, state: NodeRow['state'] = 'pending_sync'): NodeRow =>
  node(name, { state, cause, verified: false });

describe('the answer to "is it live everywhere?"', () => {
  const source = status().source;
  it.each([
    ['Yes: everything is live on all 2 nodes.', 'good', [node('a'), node('b')], {}],
    ['Yes: everything is live on the one node.', 'good', [node('a')], {}],
    ['No node is registered yet.', 'idle', [], {}],
    [
      'The registries cannot be read, so nothing is pushed.',
      'bad',
      [],
      { source: { ...source, state: 'none' as const } },
    ],
    [
      'What was read last is live on the one node, but the registries cannot be read now.',
      'busy',
      [node('a')],
      { source: { ...source, state: 'last-good' as const } },
    ],
    [
      'Not everywhere: live on 1 of 4 nodes; 1 needs a person, 2 are offline.',
      'bad',
      [node('a'), bad('b', 'auth', 'error'), bad('c', 'timeout'), bad('d', 'dns')],
      {},
    ],
    [
      'Not everywhere: live on 0 of 2 nodes; 2 wait for their turn.',
      'busy',
      [bad('a', 'rollout_waiting'), bad('b', 'rollout_waiting')],
      {},
    ],
    [
      'Not everywhere: live on 0 of 3 nodes; 1 is held back, 1 is being retried, 1 was not looked at since the start.',
      'busy',
      [bad('a', 'paused'), bad('b', 'busy'), node('c', { verified: false, hint: true })],
      {},
    ],
  ] as const)('is: %s', (sentence, tone, nodes, changes) => {
    expect(verdictOf(status({ ...changes, nodes: [...nodes] }))).toEqual({ tone, sentence });
  });

  const kept = 'revision ab12 waits for its turn: its batch is 2 of 2; the rollout is running';
  it.each([
    ['Not everywhere: live on 1 of 3 nodes; 2 wait for their turn.', 'running', 'busy'],
    [
      'Not everywhere: live on 1 of 3 nodes; 2 wait for their turn, and the rollout is paused.',
      'paused',
      'busy',
    ],
    [
      'Not everywhere: live on 1 of 3 nodes; 2 wait for their turn, and the rollout has stopped.',
      'held',
      'bad',
    ],
    ['No: the newest revision was taken back, and the last good one is in place.', 'rolled-back', 'bad'],
  ] as const)('is "%s" while every node is well and a rollout is %s', (sentence, phase, tone) => {
    const nodes = [node('a'), node('b', { waits: kept }), node('c', { waits: kept })];
    const stand = status({ nodes, rollout: rolloutOf({ phase }) });
    expect(verdictOf(stand)).toEqual({ tone, sentence });
    expect(livenessOf(stand)).toEqual({ nodes: 3, live: 1, waiting: 2, answer: sentence });
  });

  it('is yes while the last batch is watched, and no where one that waits is away as well', () => {
    const rollout = rolloutOf({ phase: 'running' });
    expect(verdictOf(status({ nodes: [node('a')], rollout })).sentence).toBe(
      'Yes: everything is live on the one node.',
    );
    const away = { ...bad('b', 'timeout'), waits: kept };
    expect(verdictOf(status({ nodes: [node('a'), away], rollout })).sentence).toBe(
      'Not everywhere: live on 1 of 2 nodes; 1 is offline.',
    );
  });

  it('knows every class of absence that the catalogue has', () => {
    expect(['refused', 'timeout', 'unreachable', 'dns', 'connection_lost'].map(isOfflineCause)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect([
      isOfflineCause('auth'),
      isOfflineCause('of a later release'),
      isOfflineCause('constructor'),
    ]).toEqual([false, false, false]);
    expect(meaningOf('of a later release')).toBe('of a later release');
  });
});

describe('the stream of events', () => {
  const events: readonly FeedEvent[] = [
    { event: 'status', data: status({ nodes: [node('a'), node('b')] }) },
    { event: 'node', data: node('a', { state: 'error' }) },
    { event: 'gone', data: { node: 'vps_nodes@b' } },
  ];
  const text = events
    .map(({ event, data }, at) => `event: ${event}\ndata: ${JSON.stringify(data)}\nid: run-${String(at)}\n\n`)
    .join(': alive\n\n');

  it.each([1, 7, 100, 1_000_000])('is understood in pieces of %i characters', (size) => {
    const stream = new EventStream();
    const heard: FeedEvent[] = [];
    let last: string | undefined;
    for (let at = 0; at < text.length; at += size) {
      const { events: some, lastId } = stream.take(text.slice(at, at + size));
      heard.push(...some);
      last = lastId ?? last;
    }
    expect([heard, last]).toEqual([events, 'run-2']);
  });

  it('passes over an event of a later release, and goes on', () => {
    const { events: heard, lastId } = new EventStream().take(`event: weather\ndata: 1\nid: x-1\n\n${text}`);
    expect([heard.length, lastId]).toEqual([3, 'run-2']);
  });

  it('changes the nodes that it names, and leaves every other as the same object', () => {
    const before = fleetOf([node('a'), node('b')]);
    const after = withEvents(before, [{ event: 'node', data: node('a', { state: 'error' }) }]);
    expect(after?.nodes.get('vps_nodes@a')?.state).toBe('error');
    expect(after?.nodes.get('vps_nodes@b')).toBe(before.nodes.get('vps_nodes@b'));
    const anew = withEvents(before, [{ event: 'status', data: status({ nodes: [node('b'), node('c')] }) }]);
    expect([...(anew?.nodes.keys() ?? [])]).toEqual(['vps_nodes@b', 'vps_nodes@c']);
    expect(anew?.nodes.get('vps_nodes@b')).toBe(before.nodes.get('vps_nodes@b'));
    expect(withEvents(undefined, [{ event: 'gone', data: { node: 'x' } }])).toBeUndefined();
  });
});

describe('the list of nodes', () => {
  const all = [
    node('n10'),
    node('n2'),
    bad('x', 'auth', 'error'),
    node('y', { type: 'worker_nodes', state: 'pending_sync', evidence: 'No space left' }),
  ];
  it('shows what is wrong first, then by name as people count', () => {
    expect(shown(all, everything).map(({ name }) => name)).toEqual(['x', 'y', 'n2', 'n10']);
  });
  it('finds every word in name, address, type, cause or evidence', () => {
    const found = (text: string) => shown(all, { ...everything, text }).map(({ name }) => name);
    expect([found('N1'), found('space WORKER'), found('auth'), found('space auth')]).toEqual([
      ['n10'],
      ['y'],
      ['x'],
      [],
    ]);
    expect(shown(all, { kind: 'active', type: undefined, text: '' })).toHaveLength(2);
    expect(shown(all, { ...everything, type: 'worker_nodes' })).toHaveLength(1);
  });
  it('shows a node that waits for its turn as waiting, however well it is, and one that fails as failing', () => {
    const waits = 'its batch is 2 of 2';
    const some = [node('a'), node('b', { waits }), bad('c', 'auth', 'error')];
    expect(countsOf(some)).toEqual({ active: 1, waiting: 1, pending_sync: 0, error: 1, unknown: 0 });
    expect(shown(some, everything).map(({ name }) => name)).toEqual(['c', 'b', 'a']);
    expect(shown(some, { ...everything, kind: 'waiting' }).map(({ name }) => name)).toEqual(['b']);
    expect(kindOf({ ...bad('d', 'auth', 'error'), waits })).toBe('error');
  });
});

describe('a place', () => {
  it.each([
    { view: 'fleet' },
    { view: 'node', node: 'vps_nodes@fd00::1/x #é' },
    { view: 'rollout' },
    { view: 'plan' },
    { view: 'timeline', revision: undefined },
    { view: 'timeline', revision: 48 },
    { view: 'services', service: undefined },
    { view: 'services', service: 'a b' },
  ] as const)('comes back from its address: %o', (place) => {
    expect(placeOf(hashOf(place))).toEqual(place);
  });
  it('is nowhere for an address that names none, and never fails', () => {
    expect([placeOf('#/else').view, placeOf('#/nodes/%E0%A4%A').view, placeOf('').view]).toEqual([
      'nowhere',
      'node',
      'fleet',
    ]);
  });
});

describe('words', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  it.each([
    ['2026-01-02T00:00:00Z', 'now'],
    ['2026-01-01T23:59:15Z', '45 s'],
    ['2026-01-01T23:48:00Z', '12 min'],
    ['2026-01-01T21:00:00Z', '3 h'],
    ['2025-12-28T00:00:00Z', '5 d'],
    [null, 'never'],
    ['', 'never'],
  ])('tell the age of %s', (at, text) => {
    expect(age(at, now)).toBe(text);
  });
  it('tell a moment as everybody reads it', () => {
    expect([moment('2026-01-02T03:04:05.678Z'), moment(null)]).toEqual(['2026-01-02 03:04:05 UTC', '–']);
  });
  it('give a role the buttons that the API would let it press', () => {
    for (const role of roles)
      for (const wanted of roles) expect(may(role, wanted)).toBe(includes(role, wanted));
    expect(may(undefined, 'viewer')).toBe(false);
  });
});

describe('differences', () => {
  it('are lines with signs, without the head of the diff', () => {
    expect(diffLines('--- a\n+++ b\n@@ -1 +1 @@\n same\n-old\n+new\n')).toEqual([
      { sign: '@', text: '@@ -1 +1 @@' },
      { sign: ' ', text: 'same' },
      { sign: '-', text: 'old' },
      { sign: '+', text: 'new' },
    ]);
    expect(
      changeLines({ path: 'x', change: 'changed', before: 1, after: { a: 2 } }).map(
        ({ sign, text }) => sign + text,
      ),
    ).toEqual(['-1', '+{', '+  "a": 2', '+}']);
  });
  it('that are alike are shown once, for all their nodes', () => {
    const one = (name: string, diff: string, state: 'changes' | 'in-sync' = 'changes') => ({
      node: name,
      name,
      state,
      reason: null,
      diff,
    });
    const groups = groupsOf({
      apiVersion: 'sync-controller/v1',
      kind: 'PlanReport',
      changes: 3,
      inSync: 1,
      unknown: 0,
      nodes: [one('a', 'x'), one('b', 'y'), one('c', 'y'), one('d', '', 'in-sync')],
      held: [],
    });
    expect(groups.map(({ diff, nodes }) => [diff, nodes.map(({ name }) => name)])).toEqual([
      ['y', ['b', 'c']],
      ['x', ['a']],
    ]);
  });
});
