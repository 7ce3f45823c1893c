import * as z from 'zod';

const text = z.string();
const line = z.string().min(1).max(256);

/** Every service, and how far what the registries say of it has come. */
export const serviceListSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('ServiceList'),
    services: z.array(
      z.object({
        name: text,
        namespace: text.nullable(),
        /** Where it leads; null while the load balancer has given no address. */
        target: text.nullable(),
        public: z.boolean(),
        /** Names inside the cluster, and outside. */
        internal: z.array(text),
        outside: z.array(text),
        /** Nodes whose plan has a name of it, and those of them that hold their newest plan, verified. */
        nodes: z.number(),
        current: z.number(),
      }),
    ),
  })
  .meta({ id: 'ServiceList' });
export type ServiceList = z.infer<typeof serviceListSchema>;

const because = z.object({
  revision: z.number().nullable(),
  at: text.nullable(),
  who: text.nullable(),
  why: text.nullable(),
  /** By an edit of which of several sources. */
  source: text.optional(),
  /** True where it is as old as the history. */
  oldest: z.boolean(),
});
/** A revision as a reason: which, when, and who brought it. */
export type Because = z.infer<typeof because>;

const whyNode = z.object({
  node: text,
  name: text,
  type: text,
  /**
   * `live`: the node serves the names. `missing`: it should and does not. `leftover`: it should not any more and was not told yet.
   * `not-meant`: its plan has none of the names. `unknown`: nothing was ever heard of it.
   */
  state: z.enum(['live', 'missing', 'leftover', 'not-meant', 'unknown']),
  hosts: z.array(text),
  since: text.nullable(),
  cause: text.nullable(),
  /** Why it is so, in words. */
  reason: text,
  remedy: text.nullable(),
});
export type WhyNode = z.infer<typeof whyNode>;

/** Where a service is live, and why not: the written contract of `why -o json`. */
export const whyReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('WhyReport'),
    service: text,
    registered: z.boolean(),
    hosts: z.array(text),
    /** What brought the names as they are, or took them away. */
    because: because.nullable(),
    nodes: z.array(whyNode),
  })
  .meta({ id: 'WhyReport' });
export type WhyReport = z.infer<typeof whyReportSchema>;

/** What a node should hold, line by line, and whose edit put it there: the written contract of `blame -o json`. */
export const blameReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('BlameReport'),
    node: text,
    name: text,
    lines: z.array(
      z.object({
        number: z.number(),
        line: text,
        /** Null for what no controller has filed yet. */
        revision: z.number().nullable(),
        at: text.nullable(),
        who: text.nullable(),
        why: text.nullable(),
        /** By an edit of which of several sources; absent where the line is of none. */
        source: text.optional(),
        oldest: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'BlameReport' });
export type BlameReport = z.infer<typeof blameReportSchema>;

/** What the controller can say of the why, beside `ControllerApi`; asks no node. */
export interface Insight {
  services(): Promise<ServiceList>;
  why(service: string): Promise<WhyReport>;
  blame(node: string): Promise<BlameReport>;
}

/** Where a controller offers its insight. */
export interface Insightful {
  readonly insight: Insight;
}

/** The routes of insight; part of the table in routes.ts. */
export const insightRoutes = {
  services: {
    method: 'GET',
    path: '/api/v1/services',
    role: 'viewer',
    summary: 'Every service with its names, and on how many nodes it is what the registries say.',
    form: 'json',
    body: z.strictObject({}),
    answer: serviceListSchema,
  },
  why: {
    method: 'GET',
    path: '/api/v1/services/why',
    role: 'viewer',
    summary: 'On which nodes a service is live, where not, and why.',
    form: 'json',
    body: z.strictObject({ service: line }),
    answer: whyReportSchema,
  },
  blame: {
    method: 'GET',
    path: '/api/v1/node/blame',
    role: 'viewer',
    summary: 'What a node should hold, and whose edit put each line there.',
    form: 'json',
    body: z.strictObject({ node: line }),
    answer: blameReportSchema,
  },
} as const;
