import type { Bundle } from '../model/bundle.ts';
import { targetOf } from './node-types/index.ts';

/**
 * The bundle plus every name the node holds and the plan does not know: before a complete source was ever seen,
 * an absence proves nothing. Undefined where the node's bytes are not ours to read: then nothing may be replaced.
 */
export function keepPresent(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  return content === '' ? bundle : targetOf(bundle.kind).keepPresent(bundle, clusterId, content);
}
