import type { Insight, insightRoutes } from '../contract/insight.ts';
import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import { offered } from './offered.ts';

type Handlers = {
  readonly [N in keyof typeof insightRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of insight does. */
export function insightHandlers(insight: Insight | undefined): Handlers {
  return {
    services: async () => offered(insight, 'services').services(),
    why: async ({ service }) => offered(insight, 'why').why(service),
    blame: async ({ node }) => offered(insight, 'blame').blame(node),
  };
}
