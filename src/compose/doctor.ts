import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Node } from '../model/node.ts';
import { registryObjects } from '../model/snapshot.ts';
import { nodeTypes } from '../plan/node-types/index.ts';
import { causeForResult } from '../push/causes.ts';
import { call, isFailed } from '../push/exchange.ts';
import { KubernetesHttp } from '../registry/kubernetes-http.ts';
import { dedicatedKeys } from '../transport/endpoint.ts';
import { accountOfProcess, endpointsOf, openTransport } from './way.ts';

const lookMs = 8_000;

/** What a node answered to a look that writes nothing. */
type Look =
  | {
      readonly ok: true;
      readonly facts: {
        readonly receiver: string;
        readonly hostname: string;
        readonly clock: number;
        readonly legacy: number;
      };
      readonly rungs: Readonly<Record<string, string>>;
      readonly result: string;
      readonly text: string;
    }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly reachable: boolean;
    };

interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly allowed: boolean;
}

/** What `doctor` cannot see by itself: nodes in their own way, and the API server. */
export interface DoctorWay {
  look(node: Node, signal: AbortSignal): Promise<Look>;
  readonly kubernetes:
    | {
        version(signal: AbortSignal): Promise<string>;
        rights(signal: AbortSignal): Promise<readonly Right[]>;
      }
    | undefined;
  readonly identities: readonly string[];
  readonly agentSocket: string | undefined;
  readonly defaultPort: number;
  close(): Promise<void>;
}

/** Opens the way for `doctor`; nothing here writes anywhere. */
export async function openDoctor(settings: Settings): Promise<DoctorWay> {
  const transport = await openTransport(settings, systemClock);
  const account = accountOfProcess();
  const endpointOf = endpointsOf(settings, account, systemClock);
  const http = settings.source.kind === 'kubernetes' ? httpOf(settings) : undefined;
  const { identity, agent, port } = settings.ssh;
  return {
    look: async (node, signal) => {
      const lane = {
        transport,
        endpoint: await endpointOf(node),
        clusterId: 'sync-controller-doctor',
        random: systemRandom,
        deadlineMs: lookMs,
      };
      const position = { epoch: 0, writer: '00000000', seq: 0 };
      const answer = await call(
        lane,
        { mode: 'check', kind: nodeTypes[node.type].kind, position, flags: [] },
        signal,
      );
      if (isFailed(answer))
        return { ok: false, cause: answer.cause, evidence: answer.evidence, reachable: answer.reachable };
      const refused = causeForResult(answer.result);
      if (refused !== undefined)
        return { ok: false, cause: refused, evidence: answer.text || answer.result, reachable: true };
      const { receiver, hostname, clock, legacy = 0 } = answer.facts;
      return {
        ok: true,
        facts: { receiver, hostname, clock, legacy },
        rungs: answer.rungs,
        result: answer.result,
        text: answer.text,
      };
    },
    kubernetes: http === undefined ? undefined : kubernetesOf(http, settings),
    identities: identity.length > 0 ? identity : dedicatedKeys(account),
    agentSocket: agent ?? account.env['SSH_AUTH_SOCK'],
    defaultPort: port,
    close: async () => {
      http?.close();
      await transport.close();
    },
  };
}

function httpOf({ source, watch }: Settings): KubernetesHttp {
  return new KubernetesHttp({
    kubeconfig: source.kubeconfig,
    context: source.context,
    requestMs: watch.requestMs,
    clock: systemClock,
  });
}

function kubernetesOf(http: KubernetesHttp, settings: Settings): NonNullable<DoctorWay['kubernetes']> {
  return {
    version: async (signal) => {
      const answer = (await http.json({ method: 'GET', path: '/version', signal })) as {
        gitVersion?: unknown;
      };
      return typeof answer.gitVersion === 'string' ? answer.gitVersion : 'unknown version';
    },
    rights: (signal) =>
      Promise.all(
        wanted(settings).map((right) => ask(http, { right, namespace: settings.source.namespace, signal })),
      ),
  };
}

interface Wanted {
  readonly verb: string;
  readonly resource: string;
  readonly name: string | undefined;
  /** Asked for in all namespaces. */
  readonly everywhere: boolean;
}

/** What deploy/rbac.yaml grants: the registries by name, our own objects, and the list of services for discovery. */
function wanted({ source }: Settings): readonly Wanted[] {
  const on = (verb: string, name: string | undefined): Wanted => ({
    verb,
    resource: 'configmaps',
    name,
    everywhere: false,
  });
  const registries = registryObjects.flatMap((object) =>
    ['get', 'watch', 'update'].map((verb) => on(verb, source.names[object])),
  );
  const own = ['term', 'status-0'].flatMap((part) =>
    ['get', 'update'].map((verb) => on(verb, `${source.ownPrefix}-${part}`)),
  );
  return [
    ...registries,
    ...own,
    on('create', undefined),
    { verb: 'list', resource: 'services', name: undefined, everywhere: true },
  ];
}

async function ask(
  http: KubernetesHttp,
  { right, namespace, signal }: { right: Wanted; namespace: string; signal: AbortSignal },
): Promise<Right> {
  const { verb, resource, name, everywhere } = right;
  const resourceAttributes = {
    verb,
    resource,
    group: '',
    ...(name === undefined ? {} : { name }),
    ...(everywhere ? {} : { namespace }),
  };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const answer = (await http.json({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body,
    signal,
  })) as { status?: { allowed?: unknown } };
  return { verb, resource, name, allowed: answer.status?.allowed === true };
}
