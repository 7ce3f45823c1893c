import type { EditNotes, HistoryApi } from '../contract/history.ts';
import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { historyRoutes } from '../contract/history-routes.ts';
import { SyncError } from '../lib/errors.ts';
import { actorOf } from './actor.ts';

/** The history that a controller offers, where it keeps one. */
export type ServedHistory = EditNotes & { readonly reader: HistoryApi };

type Handlers = {
  readonly [N in keyof typeof historyRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of the history does. */
export function historyHandlers(history: ServedHistory | undefined): Handlers {
  const kept = (): ServedHistory => {
    if (history !== undefined) return history;
    throw new SyncError('unavailable', 'history: expected a daemon that keeps one, got one that does not', {
      remedy: 'upgrade the daemon',
    });
  };
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
