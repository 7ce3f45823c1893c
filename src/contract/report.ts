import * as z from 'zod';
import { driftReportSchema, holdSchema, rolloutReportSchema } from './rollout-report.ts';

/** One node's line in a push report: the written contract of `push -o json`. */
export const nodeReportSchema = z
  .object({
    node: z.string(),
    name: z.string(),
    type: z.string(),
    address: z.string(),
    state: z.enum(['active', 'pending_sync', 'error', 'unknown']),
    verified: z.boolean(),
    changed: z.boolean(),
    cause: z.string().nullable(),
    evidence: z.string(),
    remedy: z.string().nullable(),
    rungs: z.array(z.string()),
    notes: z.array(z.string()),
  })
  .meta({ id: 'NodeReport' });
export type NodeReport = z.infer<typeof nodeReportSchema>;

/** What a push of several nodes came to. `counts` is by state, `causes` by class. */
export const pushReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('PushReport'),
    term: z.object({ clusterId: z.string(), epoch: z.number(), writer: z.string() }).nullable(),
    verified: z.number(),
    failed: z.number(),
    changed: z.number(),
    causes: z.record(z.string(), z.number()),
    nodes: z.array(nodeReportSchema),
    held: z.array(z.object({ hash: z.string(), reason: z.string(), names: z.array(z.string()) })),
    /** The rollout that brought, holds back or took back the revision; null where everything went at once. */
    rollout: rolloutReportSchema.nullable().optional(),
  })
  .meta({ id: 'PushReport' });
export type PushReport = z.infer<typeof pushReportSchema>;

/** What a push would change on each node. */
export const planReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('PlanReport'),
    /** Digest of the snapshot that was planned. */
    revision: z.string().optional(),
    /** Digest of the rollout policy, and the release that rendered the bytes. */
    policy: z.string().optional(),
    release: z.string().optional(),
    changes: z.number(),
    inSync: z.number(),
    unknown: z.number(),
    nodes: z.array(
      z.object({
        node: z.string(),
        name: z.string(),
        state: z.enum(['in-sync', 'changes', 'unknown']),
        reason: z.string().nullable(),
        diff: z.string(),
        /** Why the node does not get it yet, where the rollout holds it back. */
        waits: z.string().nullable().optional(),
        /** The batch of the rollout that brings it, from 1; null where it goes by none. */
        turn: z.number().nullable().optional(),
        /** Digests of the managed bytes: planned, and seen on the node (`absent` where there are none). */
        wanted: z.string().nullable().optional(),
        observed: z.string().nullable().optional(),
      }),
    ),
    held: z.array(z.object({ hash: z.string(), reason: z.string(), names: z.array(z.string()) })),
  })
  .meta({ id: 'PlanReport' });
export type PlanReport = z.infer<typeof planReportSchema>;

/** A node as the controller knows it. */
export const nodeStatusSchema = nodeReportSchema
  .extend({
    /** Whose it is, of several sources. */
    source: z.string().optional(),
    since: z.string(),
    lastSync: z.string().nullable(),
    lastAttempt: z.string().nullable(),
    hint: z.boolean(),
    /** Why it keeps an earlier revision although a newer one is in force: its turn in the rollout has not come; null where it has. */
    waits: z.string().nullable().optional(),
    /** Where the node comes itself: when it was here last since the daemon began, and whether it is now; null where it is dialled. */
    pull: z.object({ here: z.boolean(), lastVisit: z.string().nullable() }).nullable().optional(),
    /** The pause or freeze that keeps it from being written now, also while it is active with what it holds; null where there is none. */
    hold: holdSchema.nullable().optional(),
  })
  .meta({ id: 'NodeStatus' });

/** The state of the controller itself. */
export const controllerStatusSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('ControllerStatus'),
    version: z.string(),
    pid: z.number(),
    daemon: z.boolean(),
    standing: z.enum(['writing', 'paused', 'rival', 'no-term', 'reasserting', 'observing']),
    standingReason: z.string(),
    term: z.object({ clusterId: z.string(), epoch: z.number(), writer: z.string() }).nullable(),
    source: z.object({
      kind: z.string(),
      location: z.string(),
      state: z.enum(['fresh', 'last-good', 'none']),
      reason: z.string().nullable(),
      proofAgeMs: z.number().nullable(),
      restarts: z.number(),
      stalls: z.number(),
    }),
    /** Each of several sources; absent with one. */
    sources: z
      .array(
        z.object({
          name: z.string(),
          priority: z.number(),
          state: z.enum(['fresh', 'last-good', 'none']),
          reason: z.string().nullable(),
          services: z.number(),
          nodes: z.number(),
        }),
      )
      .optional(),
    /** Why it is rather this machine than its nodes that is cut off; null where nothing speaks for it. */
    ownNetwork: z.object({ evidence: z.string(), since: z.string() }).nullable().optional(),
    /** Why `durable.db` cannot be used, so that no pause, freeze, approval or pin can be made or ended; null where it can. */
    store: z.object({ reason: z.string(), remedy: z.string() }).nullable().optional(),
    queue: z.object({ due: z.number(), delayed: z.number(), active: z.number() }),
    held: z.array(z.object({ hash: z.string(), reason: z.string(), names: z.array(z.string()) })),
    orphans: z.array(z.string()),
    findings: z.array(
      z.object({ severity: z.string(), path: z.string(), message: z.string(), remedy: z.string() }),
    ),
    nodes: z.array(nodeStatusSchema),
    /** Is it live everywhere? Of all nodes, those that hold the newest revision, verified, and those that wait for their turn. */
    liveness: z
      .object({ nodes: z.number(), live: z.number(), waiting: z.number(), answer: z.string() })
      .optional(),
    /** The rollout that runs or has stopped. */
    rollout: rolloutReportSchema.nullable().optional(),
    /** Pauses and freezes in force. */
    holds: z.array(holdSchema).optional(),
    /** Freezes that will begin. */
    windows: z.array(holdSchema).optional(),
    drift: z.array(driftReportSchema).optional(),
  })
  .meta({ id: 'ControllerStatus' });
export type ControllerStatus = z.infer<typeof controllerStatusSchema>;
