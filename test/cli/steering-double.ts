import type { RolloutReport } from '../../src/contract/rollout-report.ts';
import type { Steering } from '../../src/contract/steering.ts';

/** A rollout as a controller reports one. */
export const rolloutOf = (changes: Partial<RolloutReport> = {}): RolloutReport => ({
  apiVersion: 'sync-controller/v1',
  kind: 'RolloutReport',
  number: 3,
  revision: 'ab12cd34ef567890ab12cd34ef567890',
  base: '0011223344556677',
  phase: 'running',
  began: '2026-01-01T00:00:00Z',
  since: '2026-01-01T00:00:00Z',
  who: 'registry',
  note: '',
  onFailure: 'rollback',
  waiting: 'answers',
  waitingFor: ['contabo-vps'],
  released: 1,
  batches: [
    { nodes: 1, verified: 0, failed: 0, unreachable: 0, held: 0 },
    { nodes: 4, verified: 0, failed: 0, unreachable: 0, held: 0 },
  ],
  policy: [],
  failed: [],
  ailing: [],
  taken: null,
  end: null,
  ...changes,
});

/** Notes what it is asked, and answers in the form of the contract. */
export function steeringDouble(note: (what: string, request: unknown) => void): Steering {
  const told = (what: string, phase: RolloutReport['phase']) => async (request: unknown) => {
    note(what, request);
    return Promise.resolve(rolloutOf({ phase }));
  };
  return {
    pauseRollout: told('pauseRollout', 'paused'),
    resumeRollout: told('resumeRollout', 'running'),
    abortRollout: told('abortRollout', 'rolling-back'),
    unpin: told('unpin', 'running'),
    freeze: async (request) => {
      note('freeze', request);
      const { nodes, type, all } = request.scope;
      const what = all ? 'all nodes' : type === undefined ? nodes.join(', ') : `all ${type}`;
      const words = all ? '--all' : type === undefined ? nodes.join(' ') : `--type ${type}`;
      const hold = { scope: words, what, who: 'sam', why: 'x', since: '2026-01-01T00:00:00Z' };
      return Promise.resolve({
        holds: [{ ...hold, until: request.until, end: `syncctl unfreeze ${words}` }],
      });
    },
    unfreeze: async (request) => {
      note('unfreeze', request);
      return Promise.resolve({ ended: ['all nodes'] });
    },
    drift: async (request) => {
      note('drift', request);
      const { node, mode, actor } = request;
      const rule = { node, name: node, mode, who: actor.who, why: actor.reason ?? null };
      return Promise.resolve({
        rules: [{ ...rule, since: '2026-01-01T00:00:00Z', end: `syncctl drift ${node} correct` }],
      });
    },
  };
}
