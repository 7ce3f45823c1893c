import * as z from 'zod';
import { queryNumber } from './query.ts';

/** One deed: who did what, when and why. */
export const auditEntrySchema = z
  .object({
    at: z.string(),
    who: z.string(),
    why: z.string().nullable(),
    action: z.string(),
    detail: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditReport = z.infer<typeof auditEntrySchema>;

/** Where a controller offers its audit. */
export interface Audited {
  /** The newest deeds, newest first. */
  audit(limit: number): Promise<readonly AuditReport[]>;
}

/** The route of the audit; part of the table in routes.ts. */
export const auditRoutes = {
  audit: {
    method: 'GET',
    path: '/api/v1/audit',
    role: 'operator',
    summary: 'Who did what and why, newest first.',
    form: 'json',
    body: z.strictObject({ limit: queryNumber(100_000) }),
    answer: z.object({ entries: z.array(auditEntrySchema) }),
  },
} as const;
