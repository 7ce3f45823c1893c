import * as z from 'zod';
import { controllerStatusSchema, nodeStatusSchema } from './report.ts';

/** One event of the stream: `status` is everything and comes first, the others are what has changed since. */
export const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('status'), data: controllerStatusSchema }),
  z.object({ event: z.literal('node'), data: nodeStatusSchema }),
  z.object({ event: z.literal('gone'), data: z.object({ node: z.string() }) }),
  z.object({
    event: z.literal('controller'),
    data: controllerStatusSchema.omit({ nodes: true }).meta({ id: 'ControllerEvent' }),
  }),
]);
export type FeedEvent = z.infer<typeof eventSchema>;

/** The stream of events; part of the table in routes.ts. */
export const eventRoutes = {
  events: {
    method: 'GET',
    path: '/api/v1/events',
    role: 'viewer',
    summary:
      'What changes, as server-sent events: `status` with everything, then `node`, `gone` and `controller`. Who returns with `Last-Event-ID` gets what it missed, or `status` anew.',
    form: 'events',
    body: z.strictObject({}),
    answer: eventSchema,
  },
} as const;
