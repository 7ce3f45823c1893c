import * as z from 'zod';
import { actorSchema } from './access.ts';
import type { Actor } from './controller.ts';

/** What came of one test message. */
export const noticeResultSchema = z
  .object({
    target: z.string(),
    kind: z.string(),
    /** Where it is, without anything secret. */
    place: z.string(),
    ok: z.boolean(),
    /** Why it was not taken, in one sentence; empty where it was. */
    reason: z.string(),
    tookMs: z.number(),
  })
  .meta({ id: 'NoticeResult' });
export type NoticeResult = z.infer<typeof noticeResultSchema>;

export interface NoticeTest {
  /** The name of one target; all of them where it is left out. */
  readonly target?: string | undefined;
  readonly actor: Actor;
}

/** Messages to people, beside `ControllerApi`. */
export interface Notices {
  /** Sends a test message to targets, past everything that waits for them. */
  test(request: NoticeTest): Promise<{ readonly results: readonly NoticeResult[] }>;
}

/** Where a controller offers them. */
export interface Noticed {
  readonly notices: Notices;
}

/** The routes of messages; part of the table in routes.ts. */
export const noticeRoutes = {
  notifyTest: {
    method: 'POST',
    path: '/api/v1/notify/test',
    role: 'operator',
    summary: 'Send a test message to one target of the notifications, or to all, and tell what came back.',
    form: 'stream',
    body: z.strictObject({ target: z.string().min(1).max(63).optional(), actor: actorSchema }),
    answer: z.object({ results: z.array(noticeResultSchema) }),
  },
} as const;

type Routes = typeof noticeRoutes;
type Ask = <N extends keyof Routes>(name: N, body: unknown) => Promise<z.output<Routes[N]['answer']>>;

/** The messages behind a socket. */
export function noticesOver(ask: Ask): Notices {
  return { test: (request) => ask('notifyTest', request) };
}
