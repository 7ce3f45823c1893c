import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import type { NodeStatus } from '../../src/model/status.ts';
import { standOf, type NodeStand } from '../../src/notify/announce/applied.ts';

const status = (changes: Partial<NodeStatus> = {}): NodeStatus => ({
  id: nodeId('worker_nodes', '100.64.0.1'),
  state: 'active',
  cause: undefined,
  evidence: '',
  since: '2026-01-01T00:00:00Z',
  lastSync: undefined,
  lastAttempt: undefined,
  lastError: undefined,
  installed: 'new' as NodeStatus['installed'],
  desired: 'new' as NodeStatus['desired'],
  rungs: [],
  bootId: undefined,
  failedPasses: 0,
  hint: false,
  ...changes,
});
const node = (changes: Partial<NodeStatus> = {}, more: Partial<NodeStand> = {}): NodeStand => ({
  wanted: 'new',
  isTurn: true,
  status: status(changes),
  ...more,
});
const away = node({ state: 'pending_sync', cause: 'unreachable', installed: undefined });

describe('a revision', () => {
  it('is applied where every node that can be reached has verified it, and at least one has', () => {
    expect(standOf([node(), node(), away])).toEqual({ applied: true, live: 2, away: 1 });
    expect(standOf([away]).applied).toBe(false);
    expect(standOf([]).applied).toBe(false);
  });

  it.each([
    ['one fails', node({ state: 'error', cause: 'auth', installed: 'old' as NodeStatus['installed'] })],
    ['one still holds the earlier bytes', node({ installed: 'old' as NodeStatus['installed'] })],
    ['one was only remembered to hold it', node({ hint: true })],
    ['one waits for its turn in a rollout', node({}, { isTurn: false })],
    ['one is paused', node({ state: 'pending_sync', cause: 'paused' })],
    ['one was never looked at', node({}, { status: undefined })],
    ['one was only remembered to be away', node({ ...away.status, hint: true })],
  ])('is not applied while %s', (_, open) => {
    expect(standOf([node(), open]).applied).toBe(false);
  });

  it('waits for no node on which nothing is managed', () => {
    expect(standOf([node(), node({}, { wanted: undefined, status: undefined })]).applied).toBe(true);
  });
});
