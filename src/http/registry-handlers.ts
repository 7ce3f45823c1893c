import type { RegistryDesk, registryRoutes } from '../contract/registry-routes.ts';
import type { AnswerOf, BodyOf } from '../contract/routes.ts';
import { actorOf } from './actor.ts';
import { offered } from './offered.ts';

type Handlers = {
  readonly [N in keyof typeof registryRoutes]: (body: BodyOf<N>) => Promise<AnswerOf<N>>;
};

/** What each route of the registries does. */
export function registryHandlers(registries: RegistryDesk | undefined): Handlers {
  const desk = (): RegistryDesk => offered(registries, 'registry');
  return {
    validation: async () => desk().validation(),
    previewEdit: async ({ texts }) => desk().preview(texts),
    rollback: async ({ actor, ...request }) => desk().rollback({ ...request, actor: actorOf(actor) }),
  };
}
