import type { Notices, noticeRoutes } from '../contract/notices.ts';
import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import { actorOf } from './actor.ts';
import { offered } from './offered.ts';

type Handlers = {
  readonly [N in keyof typeof noticeRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of messages does. */
export function noticeHandlers(notices: Notices | undefined): Handlers {
  return {
    notifyTest: async ({ target, actor }) => {
      const { results } = await offered(notices, 'notify test').test({ target, actor: actorOf(actor) });
      return { results: [...results] };
    },
  };
}
