import type { EditNotes, HistoryApi } from '../contract/history.ts';
import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { historyRoutes } from '../contract/history-routes.ts';
import { actorOf } from './actor.ts';
import { offered } from './offered.ts';

/** The history that a controller offers, where it keeps one. */
export type ServedHistory = EditNotes & { readonly reader: HistoryApi };

type Handlers = {
  readonly [N in keyof typeof historyRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of the history does. */
export function historyHandlers(history: ServedHistory | undefined): Handlers {
  const kept = (): ServedHistory => offered(history, 'history');
  return {
    revisions: async ({ limit, before }) => kept().reader.revisions(limit, before),
    revision: async ({ word }) => kept().reader.revision(word),
    revisionTexts: async ({ number, below }) => ({
      revision: (await kept().reader.revisionTexts(number, below)) ?? null,
    }),
    pushes: async (filter) => ({ pushes: [...(await kept().reader.pushes(filter))] }),
    lastPushes: async () => ({ pushes: [...(await kept().reader.lastPushes())] }),
    noteEdits: async ({ edits, actor }) => {
      await kept().noteEdits({ edits, actor: actorOf(actor) });
      return {};
    },
  };
}
