import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import type { Node } from '../model/node.ts';
import { registryObjects } from '../model/snapshot.ts';
import { nodeTypes } from '../plan/node-types/index.ts';
import { causeForResult } from '../push/causes.ts';
import { call, isFailed, type Lane } from '../push/exchange.ts';
import { keysIn } from '../enrol/key-files.ts';
import { loadReceiver } from '../enrol/receiver-file.ts';
import { sendRestrict } from '../enrol/restrict-exchange.ts';
import { KubernetesHttp } from '../registry/kubernetes-http.ts';
import { termObject } from '../registry/term-store.ts';
import { dedicatedKeys } from '../transport/endpoint.ts';
import type { Flag } from '../wire/request.ts';
import { clusterIdOf } from './cluster-id.ts';
import { surveyorOf } from './surveyor.ts';
import type { DoctorPorts, KubernetesPort, NodeLook, Right } from './doctor-ports.ts';
import { accountOfProcess, endpointsOf, openSsh } from './way.ts';

const lookMs = 8_000;

/** Opens the way for `doctor`; nothing here writes anywhere. */
export async function openDoctor(settings: Settings): Promise<DoctorPorts> {
  const transport = await openSsh(settings, systemClock);
  const account = accountOfProcess();
  const endpointOf = endpointsOf(settings, account, systemClock);
  const http = settings.source.kind === 'kubernetes' ? httpOf(settings) : undefined;
  const { identity, agent, port } = settings.ssh;
  let cluster: Promise<string | undefined> | undefined;
  return {
    look: async (node, signal) => {
      cluster ??= clusterIdOf(settings, signal);
      const clusterId = await cluster;
      const lane = {
        transport,
        endpoint: await endpointOf(node),
        clusterId: clusterId ?? 'sync-controller-doctor',
        random: systemRandom,
        deadlineMs: lookMs,
      };
      return lookAt(node, { lane, ours: clusterId, signal });
    },
    survey: surveyorOf(settings, { transport, endpointOf }),
    kubernetes: http === undefined ? undefined : kubernetesOf(http, settings),
    receiverVersion: async () => (await loadReceiver()).version,
    identities: identity.length > 0 ? identity : dedicatedKeys(account),
    dedicated: async () => {
      // A folder that is not ours to read holds nothing for us.
      const keys = await keysIn(settings.daemon.stateDirectory).catch(() => []);
      return keys.slice(-1).map(({ path }) => path);
    },
    held: async (node, signal) => {
      const request = {
        action: 'look',
        parts: ['key'],
        cluster: 'sync-controller',
        login: node.sshUser,
      } as const;
      const endpoint = await endpointOf(node);
      const seen = await sendRestrict({ transport, endpoint, deadlineMs: lookMs }, request, signal);
      return seen.ok ? false : seen.held ? true : undefined;
    },
    agentSocket: agent ?? account.env['SSH_AUTH_SOCK'],
    defaultPort: port,
    close: async () => {
      http?.close();
      await transport.close();
    },
  };
}

// As whom a look asks: below every term, so that no record of the node is ever touched by it.
const position = { epoch: 0, writer: '00000000', seq: 0 };

async function lookAt(
  node: Node,
  { lane, ours, signal }: { lane: Lane; ours: string | undefined; signal: AbortSignal },
): Promise<NodeLook> {
  const { kind } = nodeTypes[node.type];
  // What the consumer says is told only to who asks for it.
  const flags: readonly Flag[] = kind === 'traefik-routes' ? ['raw', 'answers'] : ['answers'];
  const answer = await call(lane, { mode: 'check', kind, position, flags }, signal);
  if (isFailed(answer)) return { ok: false, ...answer };
  const refused = causeForResult(answer.result);
  if (refused !== undefined)
    return { ok: false, cause: refused, evidence: answer.text || answer.result, reachable: true };
  const { receiver, hostname, clock, legacy = 0 } = answer.facts;
  const owner = answer.owner?.cluster;
  return {
    ok: true,
    facts: { receiver, hostname, clock, legacy },
    owner: ours === undefined || owner === ours ? undefined : owner,
    rungs: answer.rungs,
    result: answer.result,
    text: answer.text,
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

function kubernetesOf(http: KubernetesHttp, settings: Settings): KubernetesPort {
  return {
    version: async (signal) => {
      const answer = (await http.json({ method: 'GET', path: '/version', signal })) as {
        gitVersion?: unknown;
      };
      return typeof answer.gitVersion === 'string' ? answer.gitVersion : 'unknown version';
    },
    rights: (nodes, signal) =>
      Promise.all(
        wanted(settings, nodes).map((right) =>
          ask(http, { right, namespace: settings.source.namespace, signal }),
        ),
      ),
  };
}

interface Wanted {
  readonly verb: string;
  readonly resource: string;
  /** The core group where it is left out. */
  readonly group?: string;
  readonly name: string | undefined;
  /** Asked for in all namespaces. */
  readonly everywhere: boolean;
}

const eventRight = {
  resource: 'events',
  group: 'events.k8s.io',
  name: undefined,
  everywhere: false,
} as const;

/** What the controller does on the API server, verb by verb; deploy/rbac.yaml grants it. */
function wanted({ source, status, announce }: Settings, nodes: number): readonly Wanted[] {
  const on = (name: string | undefined, ...verbs: readonly string[]): readonly Wanted[] =>
    verbs.map((verb) => ({ verb, resource: 'configmaps', name, everywhere: false }));
  const shards = Math.max(1, Math.ceil(nodes / status.shardNodes));
  const shard = (index: number): string => `${source.ownPrefix}-status-${String(index)}`;
  return [
    ...registryObjects.flatMap((object) => on(source.names[object], 'get', 'list', 'watch', 'patch')),
    ...on(termObject, 'get', 'update'),
    ...Array.from({ length: shards }, (_, index) => on(shard(index), 'get', 'patch')).flat(),
    // The one after the last in use is looked for, to know that it is the last.
    ...on(shard(shards), 'get'),
    ...on(undefined, 'create'),
    ...(announce.events ? ['create', 'patch'] : []).map((verb) => ({ ...eventRight, verb })),
    { verb: 'list', resource: 'services', name: undefined, everywhere: true },
  ];
}

async function ask(
  http: KubernetesHttp,
  { right, namespace, signal }: { right: Wanted; namespace: string; signal: AbortSignal },
): Promise<Right> {
  const { verb, resource, group = '', name, everywhere } = right;
  const resourceAttributes = {
    verb,
    resource,
    group,
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
