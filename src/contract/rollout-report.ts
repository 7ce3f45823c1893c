import * as z from 'zod';
import { driftModes, rolloutPhases } from '../model/rollout.ts';

const text = z.string();

/** The rollout that runs, or the last one: the written contract of `rollout show -o json`. */
export const rolloutReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('RolloutReport'),
    number: z.number(),
    /** Digest of the snapshot that is rolled out. */
    revision: text,
    /** Digest of the last good one, which a rollback brings back; null where there was none. */
    base: text.nullable(),
    phase: z.enum(rolloutPhases),
    began: text,
    since: text,
    who: text,
    note: text,
    onFailure: z.enum(['rollback', 'hold']),
    /** What the running batch waits for; null where it waits for nothing. */
    waiting: z.enum(['answers', 'canary', 'unreachable', 'proof', 'soak']).nullable(),
    waitingFor: z.array(text),
    released: z.number(),
    batches: z.array(
      z.object({
        nodes: z.number(),
        verified: z.number(),
        failed: z.number(),
        unreachable: z.number(),
        held: z.number(),
        /** Nodes that fail as they did with the last good revision: they count as neither good nor bad. */
        ailing: z.number().optional(),
      }),
    ),
    /** What it goes by: `others`, and the node types that have settings of their own. */
    policy: z
      .array(
        z.object({
          nodes: text,
          batches: z.array(text),
          canaries: z.array(text),
          maxFailed: text,
          maxUnreachable: text,
          soakMs: z.number(),
        }),
      )
      .optional(),
    ailing: z.array(z.object({ node: text, name: text, evidence: text })).optional(),
    failed: z.array(z.object({ node: text, name: text, evidence: text })),
    /** Nodes that are to have the last good bytes back, and those that have them, verified. */
    taken: z.object({ nodes: z.number(), restored: z.number(), failed: z.number() }).nullable(),
    /** The command that ends what waits for a person. */
    end: text.nullable(),
  })
  .meta({ id: 'RolloutReport' });
export type RolloutReport = z.infer<typeof rolloutReportSchema>;

/** A pause, or a freeze, which ends by itself. */
export const holdSchema = z.object({
  scope: text,
  /** Name of the node, type, or `all nodes`. */
  what: text,
  who: text,
  why: text.nullable(),
  since: text,
  /** When it begins, or began by itself; null where it was in force at once. */
  from: text.nullable().optional(),
  until: text.nullable(),
  end: text,
});
export type HoldReport = z.infer<typeof holdSchema>;

/** A node whose drift is treated otherwise than the settings say. */
export const driftReportSchema = z.object({
  node: text,
  name: text,
  mode: z.enum(driftModes),
  who: text,
  why: text.nullable(),
  since: text,
  end: text,
});
export type DriftReport = z.infer<typeof driftReportSchema>;
