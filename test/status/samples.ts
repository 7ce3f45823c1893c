import { digestOf } from '../../src/model/bundle.ts';
import type { CauseClass } from '../../src/model/cause.ts';
import { nodeId, type Node, type NodeId, type RecordedStatus } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { advance, type Moment } from '../../src/status/machine.ts';
import type { NodeStatus } from '../../src/model/status.ts';

export const planA = digestOf('plan A');
export const planB = digestOf('plan B');
export const node1: NodeId = nodeId('vps_nodes', '100.64.0.1');

const facts = { receiver: '1', boot: 'boot-1', clock: 0, hostname: 'n', path: '/f' };

export function good(id: NodeId = node1, installed = planA): Outcome & { ok: true } {
  return { ok: true, id, changed: true, installed, rungs: ['digest', 'parsed'], facts, notes: [] };
}

export function bad(cause: CauseClass, more: Partial<Outcome & { ok: false }> = {}): Outcome & { ok: false } {
  return { ok: false, id: node1, cause, evidence: `evidence of ${cause}`, reachable: true, facts, ...more };
}

/** A moment n minutes after the start of the story. */
export function minute(n: number, more: Partial<Moment> = {}): Moment {
  return { now: `2026-01-01T00:${String(n).padStart(2, '0')}:00Z`, desired: planA, passEnded: true, ...more };
}

/** Plays outcomes one minute apart; a plain outcome ends its pass. */
export function play(...steps: readonly (Outcome | readonly [Outcome, Partial<Moment>])[]): NodeStatus {
  let status: NodeStatus | undefined;
  for (const [index, step] of steps.entries()) {
    const [outcome, moment] = 'ok' in step ? [step, {}] : step;
    status = advance(status, outcome, minute(index, moment));
  }
  if (status === undefined) throw new Error('a story needs a step');
  return status;
}

/** One attempt in the middle of a pass. */
export const midPass = { passEnded: false };

export function row(id: NodeId, recorded: Partial<RecordedStatus> = {}): Node {
  const [type, address] = id.split('@') as [Node['type'], string];
  return {
    id,
    type,
    address,
    name: address,
    sshUser: 'root',
    sshPort: undefined,
    hostKeys: [],
    labels: {},
    publicDomain: undefined,
    repoPath: undefined,
    recorded: {
      status: undefined,
      lastSync: undefined,
      lastAttempt: undefined,
      lastError: undefined,
      ...recorded,
    },
  };
}
