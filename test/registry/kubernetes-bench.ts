import type { RegistryObject } from '../../src/model/snapshot.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  createKubernetesSource,
  type KubernetesSourceOptions,
} from '../../src/registry/kubernetes-source.ts';
import type { Source } from '../../src/registry/source.ts';
import { connectKube, type ApiAnswer, type KubeApi } from '../servers/kube-api.ts';
import type { KubeServer } from '../servers/kube.ts';
import type { SourceBench } from './source.contract.ts';

/** Timers short enough for a test; the promises do not depend on them. */
export const shortTimers = {
  pollMs: 300,
  graceMs: 300,
  requestMs: 3000,
  backoffFloorMs: 50,
  backoffCapMs: 500,
} as const;

/** A namespace of a real API server, and the admin's hands on it. */
export class KubernetesBench implements SourceBench {
  readonly server: KubeServer;
  readonly kube: KubeApi;
  readonly namespace: string;

  constructor(server: KubeServer, kube: KubeApi, namespace: string) {
    this.server = server;
    this.kube = kube;
    this.namespace = namespace;
  }

  static async make(server: KubeServer): Promise<KubernetesBench> {
    const kube = await connectKube(server.kubeconfig);
    return new KubernetesBench(server, kube, await kube.namespace('registry'));
  }

  open(options: Partial<KubernetesSourceOptions> = {}): Promise<Source> {
    const { kubeconfig } = this.server;
    return createKubernetesSource({
      kubeconfig,
      namespace: this.namespace,
      ...shortTimers,
      clock: systemClock,
      ...options,
    });
  }

  path(name = ''): string {
    return `/api/v1/namespaces/${this.namespace}/configmaps${name === '' ? '' : `/${name}`}`;
  }

  async put(
    object: RegistryObject,
    data: Readonly<Record<string, string>>,
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const body = { metadata: { name: object, annotations }, data };
    const replaced = await this.kube.call('PUT', this.path(object), { body });
    if (replaced.status === 404) this.#expectDone(await this.kube.call('POST', this.path(), { body }));
    else this.#expectDone(replaced);
  }

  async remove(object: RegistryObject): Promise<void> {
    this.#expectDone(await this.kube.call('DELETE', this.path(object)));
  }

  async data(object: RegistryObject): Promise<Readonly<Record<string, string>> | undefined> {
    const answer = await this.kube.call('GET', this.path(object));
    return answer.status === 404
      ? undefined
      : ((this.#expectDone(answer).body.data ?? {}) as Readonly<Record<string, string>>);
  }

  async annotations(object: RegistryObject): Promise<Readonly<Record<string, string>>> {
    return (this.#expectDone(await this.kube.call('GET', this.path(object))).body.metadata.annotations ??
      {}) as Readonly<Record<string, string>>;
  }

  /** The server goes away as in a power cut: a kill, and back on the same port with the same store. */
  break(): Promise<void> {
    return this.server.kill9();
  }

  mend(): Promise<void> {
    return this.server.restart();
  }

  async close(): Promise<void> {
    await this.kube.tidy();
  }

  #expectDone(answer: ApiAnswer): ApiAnswer {
    if (answer.status >= 300) throw new Error(`the API server answered ${answer.status}: ${answer.text}`);
    return answer;
  }
}
