import * as z from 'zod';
import {
  pushRecordSchema,
  revisionDetailSchema,
  revisionListSchema,
  revisionTextsSchema,
  type EditNotes,
  type HistoryApi,
  type PushFilter,
  type WrittenTexts,
} from './history.ts';

const line = z.string().min(1).max(256);
const number = z.number().int().min(0);
const limit = z.number().int().min(1).max(100_000);
const prefix = '/api/v1/history';

/** The routes of the history; part of the table in routes.ts. */
export const historyRoutes = {
  revisions: {
    method: 'POST',
    path: `${prefix}/revisions`,
    form: 'json',
    body: z.strictObject({ limit, before: number.optional() }),
    answer: revisionListSchema,
  },
  revision: {
    method: 'POST',
    path: `${prefix}/revision`,
    form: 'json',
    body: z.strictObject({ word: line }),
    answer: revisionDetailSchema,
  },
  revisionTexts: {
    method: 'POST',
    path: `${prefix}/texts`,
    form: 'json',
    body: z.strictObject({ number, below: z.boolean() }),
    answer: z.object({ revision: revisionTextsSchema.nullable() }),
  },
  pushes: {
    method: 'POST',
    path: `${prefix}/pushes`,
    form: 'json',
    body: z.strictObject({ node: line.optional(), revision: number.optional(), limit }),
    answer: z.object({ pushes: z.array(pushRecordSchema) }),
  },
  lastPushes: {
    method: 'POST',
    path: `${prefix}/last-pushes`,
    form: 'json',
    body: z.strictObject({}),
    answer: z.object({ pushes: z.array(pushRecordSchema) }),
  },
  noteEdits: {
    method: 'POST',
    path: `${prefix}/notes`,
    form: 'json',
    body: z.strictObject({
      edits: z.array(z.strictObject({ path: line, content: line })).max(64),
      actor: z.strictObject({ who: line, reason: z.string().max(1024).optional() }),
    }),
    answer: z.strictObject({}),
  },
} as const;

type Routes = typeof historyRoutes;
type Ask = <N extends keyof Routes>(name: N, body: unknown) => Promise<z.output<Routes[N]['answer']>>;

/** The history behind a socket. */
export function historyOver(ask: Ask): HistoryApi & EditNotes {
  return {
    revisions: (most, before) => ask('revisions', { limit: most, before }),
    revision: (word) => ask('revision', { word }),
    revisionTexts: async (of, below = false) =>
      (await ask('revisionTexts', { number: of, below })).revision ?? undefined,
    pushes: async ({ node, revision, limit: most }: PushFilter) =>
      (await ask('pushes', { node, revision, limit: most })).pushes,
    lastPushes: async () => (await ask('lastPushes', {})).pushes,
    noteEdits: async ({ edits, actor }: WrittenTexts) => {
      await ask('noteEdits', { edits, actor });
    },
  };
}
