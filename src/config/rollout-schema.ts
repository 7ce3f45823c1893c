import * as z from 'zod';
import { nodeTypeNames } from '../model/node-types.ts';
import { parseShare } from '../model/share.ts';
import { oneOf, whole } from './leaf.ts';

const written = z.union([z.number(), z.string()]);

const shareError = 'a number of nodes, or a percentage such as "10%"';
/** A number of nodes or a percentage, as it is written. */
const share = z
  .union([z.number(), z.string()], { error: shareError })
  .refine((entry) => parseShare(entry, 0) !== undefined, { error: shareError });

const sharesError = 'a list of numbers of nodes and percentages such as [1, "25%", "100%"], none of them 0';
const shares = z
  .array(written, { error: sharesError })
  .max(32, { error: sharesError })
  .refine((entries) => entries.every((entry) => parseShare(entry) !== undefined), { error: sharesError });

function words(pattern: RegExp, error: string, description: string) {
  return z
    .array(z.string({ error }).regex(pattern, { error }), { error })
    .max(256, { error })
    .default([])
    .describe(description);
}

const canaries = z.strictObject(
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
);

const soak = { min: 0, max: 604_800_000 };
const soakError = 'a whole number of milliseconds from 0 to 604800000';
const typesError = `a mapping of node types (${nodeTypeNames.join(', ')}) to batches, canaries, maxFailed, maxUnreachable and soakMs`;

/** Settings of single node types; what one leaves out it has from the common ones. */
const types = z
  .partialRecord(
    z.enum(nodeTypeNames, { error: typesError }),
    z
      .strictObject(
        {
          batches: shares,
          canaries,
          maxFailed: share,
          maxUnreachable: share,
          soakMs: z
            .number({ error: soakError })
            .int()
            .min(soak.min, { error: soakError })
            .max(soak.max, { error: soakError }),
        },
        { error: typesError },
      )
      .partial(),
    { error: typesError },
  )
  .default({})
  .describe(
    'Node types with `batches`, `canaries`, `maxFailed`, `maxUnreachable` or `soakMs` of their own, such as `{vps_nodes: {batches: [1, "50%"]}}`: they go beside the others, each with its own budgets and proof. In the file only.',
  );

/** The section `rollout`: how a new revision reaches the fleet. */
export const rollout = z.strictObject(
  {
    batches: shares
      .default([])
      .describe(
        'Nodes per batch, one after the other: `[1, "25%", "100%"]`; the last entry repeats, a percentage is of the nodes that change. Empty: everything at once.',
      ),
    canaries: canaries.prefault({}),
    maxFailed: share
      .default(0)
      .describe(
        'More failed nodes stop a rollout: a number over the whole of it, a percentage in each batch.',
      ),
    maxUnreachable: share
      .default('100%')
      .describe('With more nodes that cannot be reached a rollout waits; it never fails by them.'),
    onFailure: oneOf(
      ['rollback', 'hold'],
      'rollback',
      'Nodes that a stopped rollout has changed get the last good plan back, or keep the new one.',
    ),
    soakMs: whole(
      0,
      soak,
      'A verified batch is watched for this long and looked at once more before the next one.',
    ),
    types,
  },
  { error: 'a mapping of settings' },
);
