import type { Bundle } from '../model/bundle.ts';
import { targetOf } from './node-types/index.ts';

/**
 * What a restore may bring back: the bytes that stood there, minus every name the new plan withdraws.
 * Undefined where those bytes are not ours or cannot be read: then nothing may be restored.
 */
export function fallbackFor(bundle: Bundle, previousContent: string): string | undefined {
  return targetOf(bundle.kind).fallback(bundle, previousContent);
}
