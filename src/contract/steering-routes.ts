import * as z from 'zod';
import { actorSchema as actor } from './access.ts';
import { driftModes } from '../model/rollout.ts';
import { driftReportSchema, holdSchema, rolloutReportSchema } from './rollout-report.ts';
import type { FreezeScope, Steering } from './steering.ts';

const line = z.string().min(1).max(256);
const scope = z.strictObject({
  nodes: z.array(line).max(10_000),
  type: line.optional(),
  all: z.boolean(),
});
const prefix = '/api/v1';
const byActor = z.strictObject({ actor });

/** The routes of rollouts, freezes and drift; part of the table in routes.ts. */
export const steeringRoutes = {
  pauseRollout: {
    method: 'POST',
    path: `${prefix}/rollout/pause`,
    role: 'operator',
    summary: 'Release no further batch.',
    form: 'json',
    body: byActor,
    answer: rolloutReportSchema,
  },
  resumeRollout: {
    method: 'POST',
    path: `${prefix}/rollout/resume`,
    role: 'operator',
    summary: 'Go on with the batches.',
    form: 'json',
    body: byActor,
    answer: rolloutReportSchema,
  },
  abortRollout: {
    method: 'POST',
    path: `${prefix}/rollout/abort`,
    role: 'operator',
    summary: 'Stop the rollout, and take the revision back or hold it.',
    form: 'json',
    body: z.strictObject({ hold: z.boolean(), actor }),
    answer: rolloutReportSchema,
  },
  unpin: {
    method: 'POST',
    path: `${prefix}/rollout/unpin`,
    role: 'admin',
    summary: 'Push a revision again that was taken back.',
    form: 'json',
    body: byActor,
    answer: rolloutReportSchema,
  },
  freeze: {
    method: 'POST',
    path: `${prefix}/freeze`,
    role: 'operator',
    summary: 'Hold pushing until a time, now or from a later one.',
    form: 'json',
    body: z.strictObject({ scope, from: line.optional(), until: line, actor }),
    answer: z.object({ holds: z.array(holdSchema) }),
  },
  unfreeze: {
    method: 'POST',
    path: `${prefix}/unfreeze`,
    role: 'operator',
    summary: 'End a freeze.',
    form: 'json',
    body: z.strictObject({ scope, actor }),
    answer: z.object({ ended: z.array(z.string()) }),
  },
  drift: {
    method: 'POST',
    path: `${prefix}/drift`,
    role: 'operator',
    summary: 'Correct or only observe what somebody else changes on a node.',
    form: 'json',
    body: z.strictObject({ node: line, mode: z.enum(driftModes), actor }),
    answer: z.object({ rules: z.array(driftReportSchema) }),
  },
} as const;

type Routes = typeof steeringRoutes;
type Ask = <N extends keyof Routes>(name: N, body: unknown) => Promise<z.output<Routes[N]['answer']>>;

/** The steering behind a socket. */
export function steeringOver(ask: Ask): Steering {
  const given = ({ nodes, type, all }: FreezeScope) => ({ nodes, type, all });
  return {
    pauseRollout: (by) => ask('pauseRollout', { actor: by }),
    resumeRollout: (by) => ask('resumeRollout', { actor: by }),
    abortRollout: ({ hold, actor: by }) => ask('abortRollout', { hold, actor: by }),
    unpin: (by) => ask('unpin', { actor: by }),
    freeze: ({ scope: of, from, until, actor: by }) =>
      ask('freeze', { scope: given(of), ...(from === undefined ? {} : { from }), until, actor: by }),
    unfreeze: ({ scope: of, actor: by }) => ask('unfreeze', { scope: given(of), actor: by }),
    drift: ({ node, mode, actor: by }) => ask('drift', { node, mode, actor: by }),
  };
}
