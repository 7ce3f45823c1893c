import { BlockList } from 'node:net';
import * as z from 'zod';
import { addNetwork, placeOf } from '../lib/place.ts';

// What every listener is asked: where it is, who may come, and what it shows.

const networkError = 'a network such as 10.0.0.0/8, or an address';

/** An address and a port, or `off`; the examples stand in the sentence that refuses anything else. */
export function place(fallback: string, examples: readonly [string, string], description: string) {
  const error = `\`off\`, or an address and a port such as ${examples.join(' or ')}`;
  return z
    .string({ error })
    .refine((text) => text === 'off' || placeOf(text) !== undefined, { error })
    .default(fallback)
    .describe(description);
}

/** Networks that are answered; this machine alone by default. */
export function networks(description: string) {
  const network = z
    .string({ error: networkError })
    .refine((text) => addNetwork(new BlockList(), text), { error: networkError });
  return z
    .array(network, { error: 'a list of networks' })
    .max(64, { error: 'a list of at most 64 networks' })
    .default(['127.0.0.0/8', '::1'])
    .describe(description);
}

/** Neither half of a pair of TLS says anything without the other. */
export function isWholePair(pair: {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}): boolean {
  return (pair.certificate === undefined) === (pair.key === undefined);
}

/** The sentence for half a pair. */
export const wholePair = { error: '`certificate` and `key` together, or none of them' };
