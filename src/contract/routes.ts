import * as z from 'zod';
import { actorSchema as actor } from './access.ts';
import type { Role } from './access.ts';
import { auditRoutes } from './audit.ts';
import { doctorRoutes } from './doctor.ts';
import { eventRoutes } from './events.ts';
import { insightRoutes } from './insight.ts';
import { historyRoutes } from './history-routes.ts';
import { removalReportSchema } from './lifecycle.ts';
import { nodeRoutes } from './node-route.ts';
import { registryRoutes } from './registry-routes.ts';
import { expectedPlanSchema } from './saved-plan.ts';
import { sessionRoutes } from './session.ts';
import { nodeTokenRoutes } from './node-tokens.ts';
import { steeringRoutes } from './steering-routes.ts';
import { noticeRoutes } from './notices.ts';
import { tokenRoutes } from './tokens.ts';
import { controllerStatusSchema, nodeReportSchema, planReportSchema, pushReportSchema } from './report.ts';

const line = z.string().min(1).max(256);
const nodes = z.array(line).max(10_000).optional();

/** How a route answers: one JSON body, lines of JSON while the work goes on, server-sent events without end, or JSON with a cookie. */
export type RouteForm = 'json' | 'stream' | 'events' | 'session';

/** One route of the API: what it takes and what it gives. Server, client and document are all built from this table. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly role: Role;
  /** What it does, in one sentence. */
  readonly summary: string;
  readonly form: RouteForm;
  /** What is asked: the JSON body, or with GET the query, where every value is text. */
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
}

const nothing = z.strictObject({});
const prefix = '/api/v1';

/** Every route of the daemon's socket. */
export const routes = {
  version: {
    method: 'GET',
    path: `${prefix}/version`,
    role: 'viewer',
    summary: 'The version of the daemon.',
    form: 'json',
    body: nothing,
    answer: z.object({ apiVersion: z.literal('sync-controller/v1'), version: z.string() }),
  },
  openapi: {
    method: 'GET',
    path: `${prefix}/openapi.json`,
    role: 'viewer',
    summary: 'This document.',
    form: 'json',
    body: nothing,
    answer: z.record(z.string(), z.unknown()),
  },
  status: {
    method: 'GET',
    path: `${prefix}/status`,
    role: 'viewer',
    summary: 'The state of the controller, of every node, and of what is held, frozen or rolled out.',
    form: 'json',
    body: nothing,
    answer: controllerStatusSchema,
  },
  push: {
    method: 'POST',
    path: `${prefix}/push`,
    role: 'operator',
    summary:
      'Push to nodes and wait until each is verified or its pass has ended. Taking over a target, or pushing past the rollout policy, takes an admin.',
    form: 'stream',
    body: z.strictObject({
      nodes,
      takeOver: z.boolean(),
      actor,
      allAtOnce: z.boolean().optional(),
      confirmSeconds: z.number().int().min(0).max(3_600).optional(),
      expected: expectedPlanSchema.optional(),
    }),
    answer: pushReportSchema,
  },
  reconcile: {
    method: 'POST',
    path: `${prefix}/reconcile`,
    role: 'operator',
    summary: 'Check every node, repair drift and try pending ones again.',
    form: 'stream',
    body: z.strictObject({ actor }),
    answer: pushReportSchema,
  },
  plan: {
    method: 'POST',
    path: `${prefix}/plan`,
    role: 'viewer',
    summary: 'What a push would change; nothing is written anywhere.',
    form: 'stream',
    body: z.strictObject({ nodes, offline: z.boolean(), approve: z.array(line).max(100).optional() }),
    answer: planReportSchema,
  },
  approve: {
    method: 'POST',
    path: `${prefix}/approve`,
    role: 'admin',
    summary: 'Let a withheld removal go.',
    form: 'json',
    body: z.strictObject({ hash: line, actor }),
    answer: z.object({ applied: z.boolean() }),
  },
  pause: {
    method: 'POST',
    path: `${prefix}/pause`,
    role: 'operator',
    summary: 'Hold pushing to one node, or to all.',
    form: 'json',
    body: z.strictObject({ node: line.optional(), actor }),
    answer: nothing,
  },
  resume: {
    method: 'POST',
    path: `${prefix}/resume`,
    role: 'operator',
    summary: 'End what holds one node, or all.',
    form: 'json',
    body: z.strictObject({ node: line.optional(), actor }),
    answer: nothing,
  },
  takeTerm: {
    method: 'POST',
    path: `${prefix}/term/take`,
    role: 'admin',
    summary: 'Begin a new term over a living rival.',
    form: 'stream',
    body: z.strictObject({ actor }),
    answer: z.object({ epoch: z.number(), writer: z.string() }),
  },
  removeNode: {
    method: 'POST',
    path: `${prefix}/node/remove`,
    role: 'admin',
    summary: 'Take a node out of the registries and withdraw what it holds.',
    form: 'stream',
    body: z.strictObject({ node: line, abandon: z.boolean(), dryRun: z.boolean().default(false), actor }),
    answer: removalReportSchema,
  },
  restoreNode: {
    method: 'POST',
    path: `${prefix}/node/restore`,
    role: 'admin',
    summary: 'Put the row of a node back that is gone from the registry.',
    form: 'json',
    body: z.strictObject({ node: line, actor }),
    answer: nothing,
  },
  ...nodeRoutes,
  ...registryRoutes,
  ...doctorRoutes,
  ...historyRoutes,
  ...auditRoutes,
  ...insightRoutes,
  ...steeringRoutes,
  ...noticeRoutes,
  ...tokenRoutes,
  ...nodeTokenRoutes,
  ...eventRoutes,
  ...sessionRoutes,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
/** Routes that are answered once. */
export type AnsweredName = Exclude<RouteName, keyof typeof eventRoutes | keyof typeof sessionRoutes>;
export type BodyOf<N extends RouteName> = z.output<(typeof routes)[N]['body']>;
export type AnswerOf<N extends RouteName> = z.output<(typeof routes)[N]['answer']>;

/** A failure as it travels: what a SyncError says, never a stack. */
export const problemSchema = z
  .object({
    exit: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

/** One line of a streamed answer. `alive` is the sign of life while nothing settles. */
export const streamLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('alive') }),
  z.object({ type: z.literal('node'), report: nodeReportSchema }),
  z.object({ type: z.literal('end'), answer: z.unknown() }),
  z.object({ type: z.literal('problem'), problem: problemSchema }),
]);
export type StreamLine = z.infer<typeof streamLineSchema>;

/** A streamed answer carries a sign of life this often; a client that hears none for four of them gives up. */
export const aliveMs = 5_000;

/** Bytes of a request body at most: a saved plan of ten thousand nodes is the longest. */
export const bodyLimit = 4_194_304;
