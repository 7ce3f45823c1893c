import type { RolloutReport } from '../../contract/rollout-report.ts';
import type { FleetState, NodeRow } from './fleet-state.ts';
import { isLive } from './fleet-state.ts';
import { counted, isOfflineCause } from './words.ts';

/** How it stands, for colour and shape. */
export type Tone = 'good' | 'busy' | 'bad' | 'idle';

/** The answer to "is it live everywhere?". */
export interface Verdict {
  readonly tone: Tone;
  readonly sentence: string;
}

/** Why a node is not live, in the words of the answer: the ending after a count of one, and of many. */
const groups = [
  { name: 'person', one: 'needs a person', many: 'need a person' },
  { name: 'offline', one: 'is offline', many: 'are offline' },
  { name: 'batch', one: 'waits for its batch', many: 'wait for their batch' },
  { name: 'held', one: 'is held back', many: 'are held back' },
  { name: 'retry', one: 'is being retried', many: 'are being retried' },
  { name: 'unseen', one: 'was not looked at since the start', many: 'were not looked at since the start' },
] as const;
type Group = (typeof groups)[number]['name'];

/** Says in one sentence whether every node holds what it should. */
export function verdictOf({ controller, nodes }: FleetState): Verdict {
  const all = [...nodes.values()];
  if (controller.source.state === 'none')
    return { tone: 'bad', sentence: 'The registries cannot be read, so nothing is pushed.' };
  if (all.length === 0) return { tone: 'idle', sentence: 'No node is registered yet.' };
  const live = all.filter(isLive).length;
  const open = live === all.length ? rolloutVerdict(controller.rollout) : undefined;
  if (open !== undefined) return open;
  if (live === all.length) {
    const every = all.length === 1 ? 'the one node' : `all ${String(all.length)} nodes`;
    const sentence = `Yes: everything is live on ${every}.`;
    return controller.source.state === 'fresh'
      ? { tone: 'good', sentence }
      : {
          tone: 'busy',
          sentence: `What was read last is live on ${every}, but the registries cannot be read now.`,
        };
  }
  const counts = new Map<Group, number>();
  for (const node of all) if (!isLive(node)) counts.set(groupOf(node), (counts.get(groupOf(node)) ?? 0) + 1);
  const parts = groups.flatMap(({ name, one, many }) => {
    const count = counts.get(name) ?? 0;
    return count === 0 ? [] : [`${String(count)} ${count === 1 ? one : many}`];
  });
  const sentence = `Not everywhere: live on ${String(live)} of ${counted(all.length, 'node')}; ${parts.join(', ')}.`;
  return { tone: counts.has('person') ? 'bad' : 'busy', sentence };
}

/** Every node is live with what it was given; a rollout may not have given all of them the newest. */
function rolloutVerdict(rollout: RolloutReport | null | undefined): Verdict | undefined {
  const nodes = rollout?.batches.reduce((sum, batch) => sum + batch.nodes, 0) ?? 0;
  const verified = rollout?.batches.reduce((sum, batch) => sum + batch.verified, 0) ?? 0;
  const stand = `the newest revision is on ${String(verified)} of ${counted(nodes, 'node')}`;
  switch (rollout?.phase) {
    case 'running':
      return { tone: 'busy', sentence: `Not everywhere yet: ${stand}, and its rollout goes on.` };
    case 'paused':
      return { tone: 'busy', sentence: `Not everywhere: ${stand}, and its rollout is paused.` };
    case 'held':
      return { tone: 'bad', sentence: `Not everywhere: ${stand}, and its rollout has stopped.` };
    case 'rolling-back':
    case 'rolled-back':
    case 'rollback-failed':
      return {
        tone: 'bad',
        sentence: 'No: the newest revision was taken back, and the last good one is in place.',
      };
    default:
      return undefined;
  }
}

function groupOf({ state, cause, hint }: NodeRow): Group {
  if (state === 'error') return 'person';
  if (isOfflineCause(cause)) return 'offline';
  if (cause === 'rollout_waiting') return 'batch';
  if (cause === 'paused' || cause === 'frozen') return 'held';
  return state === 'unknown' || hint ? 'unseen' : 'retry';
}
