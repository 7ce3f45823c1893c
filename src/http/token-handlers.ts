import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { TokenDesk, tokenRoutes } from '../contract/tokens.ts';
import { actorOf } from './actor.ts';
import { offered } from './offered.ts';

type Handlers = {
  readonly [N in keyof typeof tokenRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of tokens does. */
export function tokenHandlers(tokens: TokenDesk | undefined): Handlers {
  const desk = (): TokenDesk => offered(tokens, 'token');
  return {
    tokens: async () => ({ tokens: [...(await desk().list())] }),
    mintToken: async ({ name, role, expires, actor }) =>
      desk().mint({ name, role, expires, actor: actorOf(actor) }),
    revokeToken: async ({ name, actor }) => {
      await desk().revoke({ name, actor: actorOf(actor) });
      return {};
    },
  };
}
