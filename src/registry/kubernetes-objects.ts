import { ApiFailure } from './kubernetes-failure.ts';
import type { ApiRequest, KubernetesHttp } from './kubernetes-http.ts';
import type { LoadBalancer } from './source.ts';

/** A ConfigMap as far as we look at it. */
export interface ConfigMap {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** By data key: the field manager that wrote it last. */
  readonly editors: Readonly<Record<string, string>>;
}

/** Identity and version of an object, without its content. */
export type Version = Pick<ConfigMap, 'uid' | 'resourceVersion'>;

/** A merge patch of a ConfigMap; with a version it is refused where somebody was faster. */
export interface ConfigMapPatch {
  readonly data: Readonly<Record<string, string | null>>;
  readonly resourceVersion?: string;
}

const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const ourLabels = { 'app.kubernetes.io/managed-by': 'sync-controller' };

/** The ConfigMaps of one namespace, and the few other things we ask of the API server. */
export class KubernetesObjects {
  readonly #http: KubernetesHttp;
  readonly #path: string;

  constructor(http: KubernetesHttp, namespace: string) {
    this.#http = http;
    this.#path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
  }

  /** A consistent read: without a resourceVersion the server asks its store. Undefined where there is no such object. */
  async get(name: string, signal?: AbortSignal): Promise<ConfigMap | undefined> {
    const answer = await this.#found({ method: 'GET', path: this.#one(name), signal });
    return answer === undefined ? undefined : configMapOf(answer);
  }

  /** As `get`, without the content: what the poll asks for. */
  async version(name: string, signal?: AbortSignal): Promise<Version | undefined> {
    const answer = await this.#found({ method: 'GET', path: this.#one(name), accept: metadataOnly, signal });
    return answer === undefined ? undefined : configMapOf(answer);
  }

  /** The object, and the version of the list from which a watch goes on. */
  async list(
    name: string,
    signal?: AbortSignal,
  ): Promise<{ readonly object: ConfigMap | undefined; readonly resourceVersion: string }> {
    const answer = await this.#http.json({ method: 'GET', path: this.#path, query: selecting(name), signal });
    const items = fieldOf(answer, 'items');
    if (!Array.isArray(items)) throw unexpected('a list of ConfigMaps');
    const item: unknown = items[0];
    return {
      object: item === undefined ? undefined : configMapOf(item),
      resourceVersion: textOf(fieldOf(answer, 'metadata'), 'resourceVersion'),
    };
  }

  /** The request of a watch over one object, from a version on. */
  watchRequest(
    name: string,
    {
      resourceVersion,
      timeoutSeconds,
      signal,
    }: { resourceVersion: string; timeoutSeconds: number; signal: AbortSignal },
  ): ApiRequest {
    const query = {
      ...selecting(name),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    return { method: 'GET', path: this.#path, query, signal };
  }

  async create(name: string, data: Readonly<Record<string, string>>): Promise<ConfigMap> {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: ourLabels }, data };
    return configMapOf(await this.#http.json({ method: 'POST', path: this.#path, body }));
  }

  /** Replaces all data of an object of ours, if it still has that version. */
  async replace(
    name: string,
    data: Readonly<Record<string, string>>,
    resourceVersion: string,
  ): Promise<ConfigMap> {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: ourLabels, resourceVersion },
      data,
    };
    return configMapOf(await this.#http.json({ method: 'PUT', path: this.#one(name), body }));
  }

  /** Changes single keys; the other keys, labels and annotations are not sent and so cannot change. */
  async patch(name: string, { data, resourceVersion }: ConfigMapPatch): Promise<ConfigMap> {
    const body = { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), data };
    return configMapOf(
      await this.#http.json({
        method: 'PATCH',
        path: this.#one(name),
        body,
        contentType: 'application/merge-patch+json',
      }),
    );
  }

  /** Services of type LoadBalancer that have an address, of all namespaces. */
  async loadBalancers(signal: AbortSignal): Promise<readonly LoadBalancer[]> {
    const found: LoadBalancer[] = [];
    let next = '';
    do {
      const query = { limit: '200', ...(next === '' ? {} : { continue: next }) };
      const page = await this.#http.json({ method: 'GET', path: '/api/v1/services', query, signal });
      const items = fieldOf(page, 'items');
      if (!Array.isArray(items)) throw unexpected('a list of Services');
      found.push(...items.flatMap((item) => loadBalancerOf(item) ?? []));
      const more = fieldOf(fieldOf(page, 'metadata'), 'continue');
      next = typeof more === 'string' ? more : '';
    } while (next !== '');
    return found;
  }

  #one(name: string): string {
    return `${this.#path}/${encodeURIComponent(name)}`;
  }

  async #found(request: ApiRequest): Promise<unknown> {
    try {
      return await this.#http.json(request);
    } catch (error) {
      if (error instanceof ApiFailure && error.kind === 'not-found') return undefined;
      throw error;
    }
  }
}

const selecting = (name: string): { fieldSelector: string } => ({ fieldSelector: `metadata.name=${name}` });

/** A ConfigMap out of what the server sent; anything else is a failure, not an empty object. */
export function configMapOf(value: unknown): ConfigMap {
  const metadata = fieldOf(value, 'metadata');
  return {
    name: textOf(metadata, 'name'),
    uid: textOf(metadata, 'uid'),
    resourceVersion: textOf(metadata, 'resourceVersion'),
    data: stringsOf(fieldOf(value, 'data')),
    annotations: stringsOf(fieldOf(metadata, 'annotations')),
    editors: editorsOf(fieldOf(metadata, 'managedFields')),
  };
}

/** Who owns each data key by the server's own notes; of several owners the last to write. */
function editorsOf(managed: unknown): Readonly<Record<string, string>> {
  const editors: Record<string, string> = {};
  if (!Array.isArray(managed)) return editors;
  const timeOf = (entry: unknown): string => {
    const time = fieldOf(entry, 'time');
    return typeof time === 'string' ? time : '';
  };
  const entries = (managed as readonly unknown[]).toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  for (const entry of entries) {
    const manager = fieldOf(entry, 'manager');
    const data = fieldOf(fieldOf(entry, 'fieldsV1'), 'f:data');
    if (typeof manager !== 'string' || typeof data !== 'object' || data === null) continue;
    for (const key of Object.keys(data)) if (key.startsWith('f:')) editors[key.slice(2)] = manager;
  }
  return editors;
}

function loadBalancerOf(value: unknown): LoadBalancer | undefined {
  const spec = fieldOf(value, 'spec');
  const ip = fieldOf(firstOf(fieldOf(fieldOf(fieldOf(value, 'status'), 'loadBalancer'), 'ingress')), 'ip');
  const port = fieldOf(firstOf(fieldOf(spec, 'ports')), 'port');
  if (fieldOf(spec, 'type') !== 'LoadBalancer' || typeof port !== 'number') return undefined;
  const metadata = fieldOf(value, 'metadata');
  return {
    namespace: textOf(metadata, 'namespace'),
    name: textOf(metadata, 'name'),
    ip: typeof ip === 'string' ? ip : '',
    port,
    annotations: stringsOf(fieldOf(metadata, 'annotations')),
  };
}

/** A field of something unknown; only its own, so that no prototype answers. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function textOf(value: unknown, key: string): string {
  const text = fieldOf(value, key);
  if (typeof text !== 'string' || text === '') throw unexpected(`metadata.${key}`);
  return text;
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw unexpected('a map of strings');
  const entries = Object.entries(value);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw unexpected('a map of strings');
  return Object.fromEntries(entries);
}

function unexpected(expected: string): ApiFailure {
  return new ApiFailure('answer', `the API server: expected ${expected} in its answer, got something else`);
}
