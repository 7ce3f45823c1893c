import * as z from 'zod';
import { pushRecordSchema } from './history.ts';
import { nodeStatusSchema } from './report.ts';

/** One node: how it stands, and what was pushed to it last. */
export const nodeDetailSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('NodeDetail'),
    node: nodeStatusSchema,
    pushes: z.array(pushRecordSchema),
  })
  .meta({ id: 'NodeDetail' });

/** The route of one node; part of the table in routes.ts. */
export const nodeRoutes = {
  node: {
    method: 'GET',
    path: '/api/v1/node',
    role: 'viewer',
    summary: 'One node: its state with cause and remedy, and the last pushes to it.',
    form: 'json',
    body: z.strictObject({ node: z.string().min(1).max(256) }),
    answer: nodeDetailSchema,
  },
} as const;
