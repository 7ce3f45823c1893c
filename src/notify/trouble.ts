import { causeOf, type CauseClass } from '../model/cause.ts';
import { splitNodeId, type NodeId } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import { evidenceOf } from '../lib/text.ts';
import { conditionKeys, type Condition, type ConditionKey } from './alert.ts';

/** What may be in trouble: a node, or a condition of the controller. */
export type SubjectId = NodeId | `condition/${ConditionKey}`;

/** Why something is in trouble. */
export interface Trouble {
  /** What is told as one incident. */
  readonly topic: string;
  readonly cause: string;
  readonly meaning: string;
  readonly evidence: string;
  /** Undefined where the catalogue of causes has it. */
  readonly remedy: string | undefined;
  /** True where it may pass by itself, so that it is told only when it lasts. */
  readonly waits: boolean;
}

/** `unknown` says neither that it fails nor that it is well: a pause, a newer plan, something nobody wants to be told. */
export type Reading = 'well' | 'unknown' | Trouble;

/** All classes of absence are one topic: a dead switch shows as several of them, and a node goes from one to the next. */
export const offlineTopic = 'offline';
export const flappingTopic = 'flapping';

/** Somebody's decision or our own order of work, no failure. */
const decided: ReadonlySet<CauseClass> = new Set([
  'paused',
  'frozen',
  'observing',
  'rollout_waiting',
  'waiting_retry',
]);

/** Which failures count. */
export interface Counted {
  readonly offlineTypes: readonly string[];
  readonly ignoreCauses: readonly string[];
}

/** What a status of a node means here. */
export function readStatus(status: NodeStatus, counted: Counted): Reading {
  if (status.hint) return 'unknown';
  if (status.state === 'active') return 'well';
  const { cause, id } = status;
  if (cause === undefined || decided.has(cause) || counted.ignoreCauses.includes(cause)) return 'unknown';
  const { offline, meaning } = causeOf(cause);
  if (offline && !counted.offlineTypes.includes(splitNodeId(id).type)) return 'unknown';
  const evidence = evidenceOf(status.evidence);
  return {
    topic: offline ? offlineTopic : cause,
    cause,
    meaning,
    evidence: offline && evidence !== '' ? `${cause}: ${evidence}` : evidence,
    remedy: undefined,
    waits: status.state !== 'error',
  };
}

/** The same of a condition of the controller. */
export function readCondition(key: ConditionKey, condition: Condition): Reading {
  if (!condition.active) return 'well';
  return {
    topic: key,
    cause: key,
    meaning: evidenceOf(condition.summary),
    evidence: evidenceOf(condition.evidence ?? ''),
    remedy: evidenceOf(condition.remedy ?? ''),
    waits: false,
  };
}

/** The subject that a condition is. */
export function subjectOf(key: ConditionKey): SubjectId {
  return `condition/${key}`;
}

/** The key of a condition's subject; undefined for a node. */
export function conditionOf(id: SubjectId): ConditionKey | undefined {
  return conditionKeys.find((key) => id === subjectOf(key));
}

/** Nodes that flap are one incident; a condition that flaps is its own. */
export function flappingTopicOf(id: SubjectId): string {
  const key = conditionOf(id);
  return key === undefined ? flappingTopic : `${flappingTopic}:${key}`;
}
