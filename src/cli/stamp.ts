import { hostname } from 'node:os';
import type { Stamp } from '../registry/operations/nodes.ts';
import type { Call } from './call.ts';

/** Who changes the node registry, and when, as the predecessor wrote it: `user@host`. */
export function stampOf(call: Call, now: string): Stamp {
  return { now, by: `${call.actor(undefined).who}@${hostname()}` };
}
