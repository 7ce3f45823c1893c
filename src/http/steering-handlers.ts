import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { Steering } from '../contract/steering.ts';
import type { steeringRoutes } from '../contract/steering-routes.ts';
import { SyncError } from '../lib/errors.ts';
import { actorOf } from './actor.ts';

type Handlers = {
  readonly [N in keyof typeof steeringRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of rollouts, freezes and drift does. */
export function steeringHandlers(steering: Steering | undefined): Handlers {
  const offered = (): Steering => {
    if (steering !== undefined) return steering;
    throw new SyncError('unavailable', 'rollout: expected a daemon that offers it, got one that does not', {
      remedy: 'upgrade the daemon',
    });
  };
  return {
    pauseRollout: async ({ actor }) => offered().pauseRollout(actorOf(actor)),
    resumeRollout: async ({ actor }) => offered().resumeRollout(actorOf(actor)),
    abortRollout: async ({ hold, actor }) => offered().abortRollout({ hold, actor: actorOf(actor) }),
    unpin: async ({ actor }) => offered().unpin(actorOf(actor)),
    freeze: async ({ scope, until, actor }) => {
      const asked = { scope: { ...scope, type: scope.type }, until, actor: actorOf(actor) };
      return { holds: [...(await offered().freeze(asked)).holds] };
    },
    unfreeze: async ({ scope, actor }) => {
      const asked = { scope: { ...scope, type: scope.type }, actor: actorOf(actor) };
      return { ended: [...(await offered().unfreeze(asked)).ended] };
    },
    drift: async ({ node, mode, actor }) => ({
      rules: [...(await offered().drift({ node, mode, actor: actorOf(actor) })).rules],
    }),
  };
}
