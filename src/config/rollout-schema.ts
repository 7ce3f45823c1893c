import * as z from 'zod';
import { parseShare } from '../model/share.ts';
import { oneOf, whole } from './leaf.ts';

const written = z.union([z.number(), z.string()]);

/** A number of nodes or a percentage, as it is written. */
function share(fallback: number | string, description: string) {
  const error = 'a number of nodes, or a percentage such as "10%"';
  return z
    .union([z.number(), z.string()], { error })
    .refine((entry) => parseShare(entry, 0) !== undefined, { error })
    .default(fallback)
    .describe(description);
}

function shares(description: string) {
  const error = 'a list of numbers of nodes and percentages such as [1, "25%", "100%"], none of them 0';
  return z
    .array(written, { error })
    .max(32, { error })
    .refine((entries) => entries.every((entry) => parseShare(entry) !== undefined), { error })
    .default([])
    .describe(description);
}

function words(pattern: RegExp, error: string, description: string) {
  return z
    .array(z.string({ error }).regex(pattern, { error }), { error })
    .max(256, { error })
    .default([])
    .describe(description);
}

/** The section `rollout`: how a new revision reaches the fleet. */
export const rollout = z.strictObject(
  {
    batches: shares(
      'Nodes per batch, one after the other: `[1, "25%", "100%"]`; the last entry repeats, a percentage is of the nodes that change. Empty: everything at once.',
    ),
    canaries: z
      .strictObject(
        {
          names: words(
            /^[A-Za-z0-9._:@-]{1,128}$/u,
            'a list of names, addresses or ids of nodes',
            'Nodes that come first; one that fails stops the rollout whatever the budget.',
          ),
          labels: words(
            /^[A-Za-z0-9._/-]{1,63}=[A-Za-z0-9._-]{0,63}$/u,
            'a list of labels such as ["rollout=canary"]',
            'Nodes with one of these labels come first, too.',
          ),
        },
        { error: 'a mapping of settings' },
      )
      .prefault({}),
    maxFailed: share(
      0,
      'More failed nodes stop a rollout: a number over the whole of it, a percentage in each batch.',
    ),
    maxUnreachable: share(
      '100%',
      'With more nodes that cannot be reached a rollout waits; it never fails by them.',
    ),
    onFailure: oneOf(
      ['rollback', 'hold'],
      'rollback',
      'Nodes that a stopped rollout has changed get the last good plan back, or keep the new one.',
    ),
    soakMs: whole(
      0,
      { min: 0, max: 604_800_000 },
      'A verified batch is watched for this long and looked at once more before the next one.',
    ),
  },
  { error: 'a mapping of settings' },
);
