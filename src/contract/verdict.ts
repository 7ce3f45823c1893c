import { isOfflineCause } from '../model/cause.ts';
import { pinnedPhases } from '../model/rollout.ts';
import type { ControllerStatus } from './report.ts';

type NodeStatus = ControllerStatus['nodes'][number];

/** How it stands, for colour and shape. */
export type Tone = 'good' | 'busy' | 'bad' | 'idle';

/** The answer to "is it live everywhere?". */
export interface Verdict {
  readonly tone: Tone;
  readonly sentence: string;
}

/** What the answer is given from. */
export interface Stand {
  readonly source: Pick<ControllerStatus['source'], 'state'>;
  readonly rollout?: Pick<NonNullable<ControllerStatus['rollout']>, 'phase'> | null | undefined;
  readonly nodes: readonly NodeStatus[];
}

/** True where this controller has itself verified that the node holds the newest revision. */
export function isLive({
  state,
  verified,
  waits,
}: Pick<NodeStatus, 'state' | 'verified' | 'waits'>): boolean {
  return state === 'active' && verified && !isWaiting({ waits });
}

/** True where a node keeps an earlier revision until its turn comes, however well it is. */
export function isWaiting({ waits }: Pick<NodeStatus, 'waits'>): boolean {
  return waits !== null && waits !== undefined;
}

/** The answer with its counts: how many nodes hold the newest revision, verified, and how many wait for their turn. */
export function livenessOf(stand: Stand): NonNullable<ControllerStatus['liveness']> {
  const { nodes } = stand;
  return {
    nodes: nodes.length,
    live: nodes.filter(isLive).length,
    waiting: nodes.filter(isWaiting).length,
    answer: verdictOf(stand).sentence,
  };
}

/** Says in one sentence whether every node holds the newest revision. */
export function verdictOf({ source, rollout, nodes }: Stand): Verdict {
  if (source.state === 'none')
    return { tone: 'bad', sentence: 'The registries cannot be read, so nothing is pushed.' };
  if (nodes.length === 0) return { tone: 'idle', sentence: 'No node is registered yet.' };
  const behind = nodes.filter((node) => !isLive(node));
  if (behind.length === 0) return everywhere(nodes.length, source.state === 'fresh');
  const phase = rollout?.phase;
  const wasTakenBack = phase !== undefined && pinnedPhases.has(phase) && phase !== 'held';
  if (wasTakenBack && behind.every(isWaiting))
    return {
      tone: 'bad',
      sentence: 'No: the newest revision was taken back, and the last good one is in place.',
    };
  const live = nodes.length - behind.length;
  const on = `live on ${String(live)} of ${String(nodes.length)} ${nodes.length === 1 ? 'node' : 'nodes'}`;
  const sentence = `Not everywhere: ${on}; ${reasons(behind)}${rolloutWord(phase)}.`;
  const isBad =
    behind.some(({ state }) => state === 'error') || (phase !== undefined && pinnedPhases.has(phase));
  return { tone: isBad ? 'bad' : 'busy', sentence };
}

function everywhere(count: number, isFresh: boolean): Verdict {
  const every = count === 1 ? 'the one node' : `all ${String(count)} nodes`;
  if (isFresh) return { tone: 'good', sentence: `Yes: everything is live on ${every}.` };
  return {
    tone: 'busy',
    sentence: `What was read last is live on ${every}, but the registries cannot be read now.`,
  };
}

/** Why a node is not live, in the words of the answer: the ending after a count of one, and of many. */
const groups = [
  { name: 'person', one: 'needs a person', many: 'need a person' },
  { name: 'offline', one: 'is offline', many: 'are offline' },
  { name: 'turn', one: 'waits for its turn', many: 'wait for their turn' },
  { name: 'held', one: 'is held back', many: 'are held back' },
  { name: 'retry', one: 'is being retried', many: 'are being retried' },
  { name: 'unseen', one: 'was not looked at since the start', many: 'were not looked at since the start' },
] as const;
type Group = (typeof groups)[number]['name'];

function reasons(behind: readonly NodeStatus[]): string {
  const found = behind.map(groupOf);
  return groups
    .map(({ name, one, many }) => ({ one, many, count: found.filter((group) => group === name).length }))
    .filter(({ count }) => count > 0)
    .map(({ count, one, many }) => `${String(count)} ${count === 1 ? one : many}`)
    .join(', ');
}

function groupOf({ state, cause, hint, waits }: NodeStatus): Group {
  if (state === 'error') return 'person';
  if (isOfflineCause(cause)) return 'offline';
  if (isWaiting({ waits }) || cause === 'rollout_waiting') return 'turn';
  if (cause === 'paused' || cause === 'frozen') return 'held';
  return state === 'unknown' || hint ? 'unseen' : 'retry';
}

function rolloutWord(phase: string | undefined): string {
  if (phase === 'paused') return ', and the rollout is paused';
  return phase === 'held' ? ', and the rollout has stopped' : '';
}
