import * as z from 'zod';
import { actorSchema } from './access.ts';
import { queryFlag, queryNumber } from './query.ts';
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
const number = queryNumber();
const limit = queryNumber(100_000);
const prefix = '/api/v1/history';

/** The routes of the history; part of the table in routes.ts. */
export const historyRoutes = {
  revisions: {
    method: 'GET',
    path: `${prefix}/revisions`,
    role: 'viewer',
    summary: 'The revisions of the registries, newest first.',
    form: 'json',
    body: z.strictObject({ limit, before: number.optional() }),
    answer: revisionListSchema,
  },
  revision: {
    method: 'GET',
    path: `${prefix}/revision`,
    role: 'viewer',
    summary: 'One revision with its changes and pushes.',
    form: 'json',
    body: z.strictObject({ word: line }),
    answer: revisionDetailSchema,
  },
  revisionTexts: {
    method: 'GET',
    path: `${prefix}/texts`,
    role: 'viewer',
    summary: 'The registries as one revision had them.',
    form: 'json',
    body: z.strictObject({ number, below: queryFlag }),
    answer: z.object({ revision: revisionTextsSchema.nullable() }),
  },
  pushes: {
    method: 'GET',
    path: `${prefix}/pushes`,
    role: 'viewer',
    summary: 'Pushes to one node, or of one revision.',
    form: 'json',
    body: z.strictObject({ node: line.optional(), revision: number.optional(), limit }),
    answer: z.object({ pushes: z.array(pushRecordSchema) }),
  },
  lastPushes: {
    method: 'GET',
    path: `${prefix}/last-pushes`,
    role: 'viewer',
    summary: 'The last push to every node.',
    form: 'json',
    body: z.strictObject({}),
    answer: z.object({ pushes: z.array(pushRecordSchema) }),
  },
  noteEdits: {
    method: 'POST',
    path: `${prefix}/notes`,
    role: 'owner',
    summary: 'Note who wrote an edit of the registries, and why.',
    form: 'json',
    body: z.strictObject({
      edits: z.array(z.strictObject({ path: line, content: line })).max(64),
      actor: actorSchema,
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
