import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import type { Steering } from '../contract/steering.ts';
import type { steeringRoutes } from '../contract/steering-routes.ts';
import { actorOf } from './actor.ts';
import { offered } from './offered.ts';

type Handlers = {
  readonly [N in keyof typeof steeringRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of rollouts, freezes and drift does. */
export function steeringHandlers(steering: Steering | undefined): Handlers {
  const desk = (): Steering => offered(steering, 'rollout');
  return {
    pauseRollout: async ({ actor }) => desk().pauseRollout(actorOf(actor)),
    resumeRollout: async ({ actor }) => desk().resumeRollout(actorOf(actor)),
    abortRollout: async ({ hold, actor }) => desk().abortRollout({ hold, actor: actorOf(actor) }),
    unpin: async ({ actor }) => desk().unpin(actorOf(actor)),
    freeze: async ({ scope, from, until, actor }) => {
      const when = { ...(from === undefined ? {} : { from }), until };
      const asked = { scope: { ...scope, type: scope.type }, ...when, actor: actorOf(actor) };
      return { holds: [...(await desk().freeze(asked)).holds] };
    },
    unfreeze: async ({ scope, actor }) => {
      const asked = { scope: { ...scope, type: scope.type }, actor: actorOf(actor) };
      return { ended: [...(await desk().unfreeze(asked)).ended] };
    },
    drift: async ({ node, mode, actor }) => ({
      rules: [...(await desk().drift({ node, mode, actor: actorOf(actor) })).rules],
    }),
  };
}
