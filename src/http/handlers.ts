import type { ControllerApi } from '../contract/controller.ts';
import type { NodeLifecycle } from '../contract/lifecycle.ts';
import type { NodeReport } from '../contract/report.ts';
import type { AnsweredName, AnswerOf, BodyOf } from '../contract/routes.ts';
import { actorOf } from './actor.ts';
import type { Audited } from '../contract/audit.ts';
import type { Doctor } from '../contract/doctor.ts';
import type { RegistryDesk } from '../contract/registry-routes.ts';
import type { NodeTokened } from '../contract/node-tokens.ts';
import type { Steered } from '../contract/steering.ts';
import type { Insightful } from '../contract/insight.ts';
import { insightHandlers } from './insight-handlers.ts';
import { historyHandlers, type ServedHistory } from './history-handlers.ts';
import type { Tokened } from '../contract/tokens.ts';
import { steeringHandlers } from './steering-handlers.ts';
import { nodeDetail } from './node-detail.ts';
import { offered } from './offered.ts';
import { readOpenApi } from './openapi-file.ts';
import { registryHandlers } from './registry-handlers.ts';
import type { Noticed } from '../contract/notices.ts';
import { noticeHandlers } from './notice-handlers.ts';
import { tokenHandlers } from './token-handlers.ts';

/** What the socket serves. The end of a node's life is served where the controller offers it. */
export type Served = ControllerApi & {
  readonly history?: ServedHistory | undefined;
  readonly registries?: RegistryDesk | undefined;
  readonly doctor?: Doctor | undefined;
} & Partial<Audited> &
  Partial<NodeLifecycle> &
  Partial<Steered> &
  Partial<Tokened> &
  Partial<Noticed> &
  Partial<Insightful> &
  Partial<NodeTokened>;

type OnNode = (report: NodeReport) => void;

/** One request that is only to be carried out; streamed answers hear of every node on the way. */
export type Handling = (onNode: OnNode) => Promise<object>;

type Handlers = {
  readonly [N in AnsweredName]: (body: BodyOf<N>, onNode: OnNode) => Promise<AnswerOf<N>>;
};

/** What each route of the contract does with the controller. */
export function handlersOf(controller: Served, version: string): Handlers {
  return {
    version: () => Promise.resolve({ apiVersion: 'sync-controller/v1', version }),
    openapi: () => readOpenApi(),
    status: () => controller.status(),
    push: ({ actor, ...wish }, onNode) =>
      controller.push({ ...wish, nodes: wish.nodes, actor: actorOf(actor) }, onNode),
    reconcile: ({ actor }, onNode) => controller.reconcile(actorOf(actor), onNode),
    plan: (request) => controller.plan({ ...request, nodes: request.nodes }),
    approve: ({ hash, actor }) => controller.approve(hash, actorOf(actor)),
    pause: ({ node, actor }) => controller.pause(node, actorOf(actor)).then(() => ({})),
    resume: ({ node, actor }) => controller.resume(node, actorOf(actor)).then(() => ({})),
    takeTerm: ({ actor }) => controller.takeTerm(actorOf(actor)),
    removeNode: async ({ node, abandon, dryRun, actor }) => {
      const remove = offered(controller.removeNode?.bind(controller), 'node remove');
      return remove({ node, abandon, dryRun, actor: actorOf(actor) });
    },
    node: ({ node }) => nodeDetail(node, { history: controller.history, status: () => controller.status() }),
    audit: async ({ limit }) => ({
      entries: [...(await offered(controller.audit?.bind(controller), 'audit')(limit))],
    }),
    doctor: ({ node }) => offered(controller.doctor, 'doctor')(node),
    ...registryHandlers(controller.registries),
    ...historyHandlers(controller.history),
    ...insightHandlers(controller.insight),
    ...steeringHandlers(controller.steering),
    ...noticeHandlers(controller.notices),
    ...tokenHandlers(controller.tokens),
    mintNodeToken: ({ node, now, actor }) =>
      offered(controller.nodeTokens, 'node token').mint({ node, now, actor: actorOf(actor) }),
    restoreNode: async ({ node, actor }) => {
      await offered(controller.restoreNode?.bind(controller), 'node restore')(node, actorOf(actor));
      return {};
    },
  };
}
