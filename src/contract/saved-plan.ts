import * as z from 'zod';

const digest = z.string().min(1).max(64);
const line = z.string().min(1).max(256);

/** A word that a withheld removal may go, given with the plan. */
export const planApprovalSchema = z.strictObject({
  hash: line,
  reason: z.string().max(1024),
  names: z.array(z.string()),
  who: line,
  why: z.string().max(1024).nullable(),
});
export type PlanApproval = z.infer<typeof planApprovalSchema>;

/** One node of a saved plan. `observed` is null where the node could not be asked: it is not part of the push. */
const plannedNodeSchema = z.strictObject({
  node: line,
  name: z.string(),
  wanted: digest.nullable(),
  observed: digest.nullable(),
  changes: z.boolean(),
});

/** What a push of a saved plan expects of the world. */
export const expectedPlanSchema = z.strictObject({
  revision: digest,
  /** Digest of the rollout policy, and the release that rendered the bytes. */
  policy: digest.optional(),
  release: line.optional(),
  nodes: z.array(plannedNodeSchema).max(10_000),
  approvals: z.array(planApprovalSchema).max(100),
});
export type ExpectedPlan = z.infer<typeof expectedPlanSchema>;

/** The file of `plan --out`. `sha256` is of everything else in it, as it is written. */
export const savedPlanSchema = z.strictObject({
  apiVersion: z.literal('sync-controller/v1'),
  kind: z.literal('SavedPlan'),
  created: line,
  who: line,
  why: z.string().max(1024).nullable(),
  /** Where the registries are. */
  source: line,
  summary: z.strictObject({ changes: z.number(), inSync: z.number(), unknown: z.number() }),
  ...expectedPlanSchema.shape,
  /** What was withheld and stays so. */
  held: z.array(z.strictObject({ hash: z.string(), reason: z.string(), names: z.array(z.string()) })),
  sha256: digest,
});
export type SavedPlan = z.infer<typeof savedPlanSchema>;
