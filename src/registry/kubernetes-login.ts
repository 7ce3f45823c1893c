import { readFileSync, statSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { errnoWords } from '../lib/errno.ts';
import { messageOf, SyncError } from '../lib/errors.ts';

/** Which cluster, by settings; what is undefined is looked for where kubectl and K3s keep it. */
export interface LoginChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** A cluster we know the way into. */
export interface Login {
  readonly server: URL;
  /** Where the login comes from: files, or the pod's service account. */
  readonly origin: string;
  /** What TLS and headers one request needs; tokens are read anew, so that a rotated one is used. */
  requestOptions(): Promise<RequestOptions>;
  /** True where a proxy carries the requests: then the agent in the options must be used. */
  readonly hasProxy: boolean;
  /** True where the files this came from are no longer what they were. */
  isOutdated(): boolean;
}

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const k3sConfig = '/etc/rancher/k3s/k3s.yaml';

/**
 * Finds and reads the login. The Kubernetes client is loaded here and nowhere else: it costs half a second.
 * It brings kubeconfigs, exec plugins, OIDC and proxies; the requests themselves are ours, see docs/decisions.
 */
export async function loadLogin(choice: LoginChoice): Promise<Login> {
  const files = configFiles(choice);
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (files.length === 0) config.loadFromCluster();
    else loadFiles(config, files, () => new KubeConfig());
  } catch (error) {
    throw refusal(files.join(delimiter) || 'the service account', reasonOf(error));
  }
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  return loginOf(config, files);
}

function loginOf(config: KubeConfig, files: readonly string[]): Login {
  const origin = files.join(delimiter) || 'the service account of the pod';
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (config.getContextObject(context) === null || cluster === null || !URL.canParse(cluster.server)) {
    const known = config.getContexts().map(({ name }) => name);
    throw refusal(
      origin,
      `expected a context with a cluster, got ${JSON.stringify(context)}; there are: ${known.join(', ') || 'none'}`,
    );
  }
  const tokenFile =
    files.length === 0 ? serviceAccountToken : tokenFileOf(config.getCurrentUser()?.name, files);
  const stamp = stampOf(files);
  return {
    server: new URL(cluster.server),
    origin,
    hasProxy: Boolean(cluster.proxyUrl),
    isOutdated: () => stampOf(files) !== stamp,
    requestOptions: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      if (tokenFile === undefined) return options;
      // The client trips over a newline at the end of the file.
      const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
      return { ...options, headers: { ...plainHeaders(options), Authorization: authorization } };
    },
  };
}

function configFiles({ kubeconfig }: LoginChoice): readonly string[] {
  if (kubeconfig !== undefined) return [resolve(kubeconfig)];
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (named.length > 0) {
    const present = named.filter(isThere);
    if (present.length === 0)
      throw refusal(
        named.join(delimiter),
        'expected a kubeconfig, got none: KUBECONFIG names no file that exists',
      );
    return present;
  }
  const usual = [`${homedir()}/.kube/config`, k3sConfig].find(isThere);
  if (usual !== undefined) return [usual];
  if (isThere(serviceAccountToken) && process.env['KUBERNETES_SERVICE_HOST'] !== undefined) return [];
  throw refusal(
    `~/.kube/config, ${k3sConfig}`,
    'expected a kubeconfig, got none there, nor the service account of a pod',
  );
}

function loadFiles(config: KubeConfig, files: readonly string[], make: () => KubeConfig): void {
  const [first = '', ...more] = files;
  config.loadFromFile(first);
  for (const file of more) {
    const other = make();
    other.loadFromFile(file);
    // As kubectl merges: what an earlier file names stays.
    for (const cluster of other.clusters)
      if (config.getCluster(cluster.name) === null) config.addCluster(cluster);
    for (const user of other.users) if (config.getUser(user.name) === null) config.addUser(user);
    for (const context of other.contexts)
      if (config.getContextObject(context.name) === null) config.addContext(context);
    if (!config.getCurrentContext()) config.setCurrentContext(other.getCurrentContext());
  }
}

/** The standard field `tokenFile` of a user, which the client passes over. */
function tokenFileOf(name: string | undefined, files: readonly string[]): string | undefined {
  for (const file of files) {
    const users: unknown = fieldOf(parse(readFileSync(file, 'utf8'), { prettyErrors: false }), 'users');
    if (!Array.isArray(users)) continue;
    const entry: unknown = users.find((user) => fieldOf(user, 'name') === name);
    const path = fieldOf(fieldOf(entry, 'user'), 'tokenFile');
    if (typeof path === 'string' && path !== '') return resolve(dirname(file), path);
  }
  return undefined;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}

function plainHeaders({ headers }: RequestOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

function stampOf(files: readonly string[]): string {
  return files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 'gone').join();
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** In one line, and no more of the error than that: the YAML parser quotes the lines around a fault, and they hold tokens. */
function reasonOf(error: unknown): string {
  const said = errnoWords(error) ?? `an error: ${messageOf(error).split('\n')[0] ?? ''}`;
  return `expected a kubeconfig, got ${said}`;
}

function refusal(where: string, reason: string): SyncError {
  const remedy =
    'name a kubeconfig you may read with --kubeconfig FILE (and --context), or a folder of manifests with --registry DIR';
  return new SyncError('config', `${where}: ${reason}`, { remedy });
}
