import * as z from 'zod';

/** What `doctor` found on the controller, the cluster and the nodes. */
export const doctorReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('DoctorReport'),
    errors: z.number(),
    warnings: z.number(),
    findings: z.array(
      z.object({
        check: z.string(),
        subject: z.string(),
        level: z.enum(['ok', 'warning', 'error', 'skipped', 'hint']),
        message: z.string(),
        remedy: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'DoctorReport' });
export type DoctorReport = z.infer<typeof doctorReportSchema>;

/** Looks at one node, or at this machine, the cluster and all nodes. */
export type Doctor = (node: string | undefined) => Promise<DoctorReport>;

/** The route of the doctor; part of the table in routes.ts. */
export const doctorRoutes = {
  doctor: {
    method: 'POST',
    path: '/api/v1/doctor',
    role: 'operator',
    summary: 'Look for what is wrong with this machine, the cluster and the nodes; nothing is written.',
    form: 'stream',
    body: z.strictObject({ node: z.string().min(1).max(256).optional() }),
    answer: doctorReportSchema,
  },
} as const;
