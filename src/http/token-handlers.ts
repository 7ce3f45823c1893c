import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { TokenDesk, tokenRoutes } from '../contract/tokens.ts';
import { SyncError } from '../lib/errors.ts';
import { actorOf } from './actor.ts';

type Handlers = {
  readonly [N in keyof typeof tokenRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of tokens does. */
export function tokenHandlers(tokens: TokenDesk | undefined): Handlers {
  const offered = (): TokenDesk => {
    if (tokens !== undefined) return tokens;
    throw new SyncError('unavailable', 'token: expected a daemon that keeps tokens, got one that does not', {
      remedy: 'upgrade the daemon',
    });
  };
  return {
    tokens: async () => ({ tokens: [...(await offered().list())] }),
    mintToken: async ({ name, role, expires, actor }) =>
      offered().mint({ name, role, expires, actor: actorOf(actor) }),
    revokeToken: async ({ name, actor }) => {
      await offered().revoke({ name, actor: actorOf(actor) });
      return {};
    },
  };
}
