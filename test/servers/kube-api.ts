import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { KubeConfig } from '@kubernetes/client-node';

/** An answer of the API server as it came: tests compare status codes and bytes, so nothing is thrown or mapped. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The body parsed; `undefined` where it is no JSON. */
  readonly body: ApiObject;
}

/** Loose on purpose: a test reads what the real server sent. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ApiObject = any;

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: ApiObject;
}

export interface ApiCall {
  readonly body?: unknown;
  /** For PATCH: `merge` is what `kubectl patch --type=merge` sends, `apply` is server-side apply. */
  readonly patch?: 'merge' | 'json' | 'strategic' | 'apply';
}

/**
 * The API spoken directly: a second pair of hands beside the code under test. It plays the admin with `kubectl`, the
 * other controller, or the account whose rights are checked.
 */
export interface KubeApi {
  call(method: string, path: string, options?: ApiCall): Promise<ApiAnswer>;
  /** Events as they come; ends when the server closes the stream or the signal aborts. */
  watch(path: string, signal?: AbortSignal): AsyncGenerator<WatchEvent>;
  /** The same server, spoken to with a bearer token and nothing else. */
  as(token: string): KubeApi;
  /** A namespace nobody else uses. */
  namespace(prefix?: string): Promise<string>;
  /** Deletes the namespaces made here: for a cluster that is lent. A bare API server leaves them `Terminating`. */
  tidy(): Promise<void>;
  /** A token of the real TokenRequest API for a service account, which is made when missing. */
  token(namespace: string, account: string): Promise<string>;
}

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Connects with the current context of a kubeconfig file. */
export async function connectKube(kubeconfig: string): Promise<KubeApi> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`servers: ${kubeconfig} has no current cluster`);
  return api(server, options);
}

/** Whether the server answers, every start hook of it is done and the namespaces that tests rely on exist. */
export async function ensureReady(kubeconfig: string): Promise<boolean> {
  const kube = await connectKube(kubeconfig);
  for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
    const answer = await kube.call('GET', path).catch(() => undefined);
    if (answer?.status !== 200) return false;
  }
  return true;
}

function api(server: string, auth: RequestOptions): KubeApi {
  const namespaces: string[] = [];
  const call: KubeApi['call'] = async (method, path, options = {}) => {
    const response = await send(new URL(path, server), { ...auth, method, agent: false }, options);
    const body = await text(response);
    return { status: response.statusCode ?? 0, text: body, body: parse(body) };
  };
  return {
    call,
    watch: (path, signal) =>
      watch(new URL(path, server), { ...auth, agent: false, ...(signal && { signal }) }),
    as: (token) => api(server, { ...trustOf(auth), headers: { authorization: `Bearer ${token}` } }),
    namespace: async (prefix = 'test') => {
      const name = `${prefix}-${randomBytes(5).toString('hex')}`;
      expectDone(await call('POST', '/api/v1/namespaces', { body: { metadata: { name } } }));
      namespaces.push(name);
      return name;
    },
    tidy: async () => {
      for (const name of namespaces.splice(0)) await call('DELETE', `/api/v1/namespaces/${name}`);
    },
    token: async (namespace, account) => {
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      const made = await call('POST', accounts, { body: { metadata: { name: account } } });
      if (made.status !== 409) expectDone(made);
      const answer = await call('POST', `${accounts}/${account}/token`, { body: { spec: {} } });
      return expectDone(answer).body.status.token as string;
    },
  };
}

/** How the server is recognised, without a trace of who we are. */
function trustOf({ ca, servername, rejectUnauthorized }: RequestOptions): RequestOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function expectDone(answer: ApiAnswer): ApiAnswer {
  if (answer.status >= 300)
    throw new Error(`servers: the API server answered ${answer.status}: ${answer.text}`);
  return answer;
}

function parse(body: string): ApiObject {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function send(url: URL, options: RequestOptions, call: ApiCall): Promise<IncomingMessage> {
  const type = call.patch === undefined ? 'application/json' : PATCH_TYPES[call.patch];
  const headers = {
    accept: 'application/json',
    ...plainHeaders(options),
    ...(call.body !== undefined && { 'content-type': type }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, headers }, resolve);
    outgoing.once('error', reject);
    outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}

function plainHeaders({ headers }: RequestOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

async function* watch(url: URL, options: RequestOptions): AsyncGenerator<WatchEvent> {
  url.searchParams.set('watch', 'true');
  const response = await send(url, options, {});
  if (response.statusCode !== 200)
    throw new Error(`servers: watch was answered ${response.statusCode}: ${await text(response)}`);
  try {
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
  } finally {
    // A test that has seen enough leaves the loop; the connection must not outlive it.
    response.destroy();
  }
}
