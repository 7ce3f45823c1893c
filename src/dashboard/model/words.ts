import { causes, type CauseClass } from '../../model/cause.ts';
import { nodeTypeFacts } from '../../model/node-types.ts';
import type { NodeKind } from './node-filter.ts';

/** `1 node`, `12 nodes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

const steps = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/** How long ago, in one unit: `now`, `45 s`, `12 min`, `3 h`, `5 d`. */
export function age(iso: string | null | undefined, nowMs: number): string {
  const at = Date.parse(iso ?? '');
  if (Number.isNaN(at)) return 'never';
  const seconds = Math.round((nowMs - at) / 1_000);
  if (seconds < 5) return 'now';
  for (const [size, unit] of steps)
    if (seconds >= size) return `${String(Math.floor(seconds / size))} ${unit}`;
  return `${String(seconds)} s`;
}

/** `2026-11-22 00:25:13 UTC`: the same moment for everybody who reads it. */
export function moment(iso: string | null | undefined): string {
  return iso === null || iso === undefined || iso === ''
    ? '–'
    : iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/u, ' UTC');
}

/** What a node is called where people read it. */
export const kindWords: Readonly<Record<NodeKind, string>> = {
  active: 'active',
  waiting: 'waiting',
  pending_sync: 'pending',
  error: 'error',
  unknown: 'unknown',
};

/** What a cause class means, in words. */
export function meaningOf(cause: string | null): string {
  return cause !== null && Object.hasOwn(causes, cause) ? causes[cause as CauseClass].meaning : (cause ?? '');
}

/** The short word of a node type. */
export function typeWord(type: string): string {
  return nodeTypeFacts.find(({ name }) => name === type)?.word ?? type;
}

/** `R12`. */
export function revisionName(number: number | null): string {
  return number === null ? '–' : `R${String(number)}`;
}

/** `1.2 s`, `340 ms`. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
