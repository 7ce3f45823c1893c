import * as z from 'zod';
import { roles } from './access.ts';

/** Who is asking, as the API sees it. `csrf` goes with every request but GET of a session, in the header `csrfHeader`. */
export const sessionReportSchema = z
  .object({
    /** The name of the token; null for the owner of the socket. */
    name: z.string().nullable(),
    role: z.enum(roles),
    /** When the session ends by itself; null where it is none. */
    expires: z.string().nullable(),
    csrf: z.string().nullable(),
  })
  .meta({ id: 'SessionReport' });
export type SessionReport = z.infer<typeof sessionReportSchema>;

/** What a page of another origin cannot send along, and could not know. */
export const csrfHeader = 'x-csrf-token';

const path = '/api/v1/session';

/** The routes of browser sessions; part of the table in routes.ts. */
export const sessionRoutes = {
  session: {
    method: 'GET',
    path,
    role: 'viewer',
    summary: 'Who is asking, and what they may do.',
    form: 'session',
    body: z.strictObject({}),
    answer: sessionReportSchema,
  },
  openSession: {
    method: 'POST',
    path,
    role: 'viewer',
    summary: 'Exchange a token for a session in a cookie that scripts cannot read, as the dashboard does.',
    form: 'session',
    body: z.strictObject({}),
    answer: sessionReportSchema,
  },
  closeSession: {
    method: 'POST',
    path: `${path}/end`,
    role: 'viewer',
    summary: 'End the session of the cookie.',
    form: 'session',
    body: z.strictObject({}),
    answer: z.strictObject({}),
  },
} as const;
