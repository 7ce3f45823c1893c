import { registryObjects, type Finding, type RawObject, type RegistryObject } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import { systemRandom, type Random } from '../lib/random.ts';
import type { Announcer } from './announcer.ts';
import { createKubernetesAnnouncer } from './kubernetes-announcer.ts';
import { editConfigMap } from './kubernetes-edit.ts';
import { Freshness } from './kubernetes-freshness.ts';
import { KubernetesHttp } from './kubernetes-http.ts';
import type { LoginChoice } from './kubernetes-login.ts';
import { KubernetesObjects } from './kubernetes-objects.ts';
import { createKubernetesOwn } from './kubernetes-own.ts';
import { pollVersions } from './kubernetes-poll.ts';
import { Reflector } from './kubernetes-reflector.ts';
import {
  defaultNames,
  type LoadBalancer,
  type ObjectNames,
  type Reading,
  type Source,
  type SourceHealth,
} from './source.ts';

export interface KubernetesSourceOptions extends LoginChoice {
  readonly namespace?: string;
  readonly names?: ObjectNames;
  readonly pollMs?: number;
  readonly graceMs?: number;
  readonly inactivityMs?: number;
  readonly requestMs?: number;
  readonly staleAcceptMs?: number;
  readonly backoffFloorMs?: number;
  readonly backoffCapMs?: number;
  readonly editAttempts?: number;
  readonly clock: Clock;
  readonly random?: Random;
}

/** ConfigMaps of a cluster as the source of the registries. A cluster that is not found or does not answer is an unreadable source, not a failure to begin. */
export async function createKubernetesSource(options: KubernetesSourceOptions): Promise<Source> {
  const source = new KubernetesSource(options);
  await source.connect();
  return source;
}

type Tuning = Required<
  Pick<
    KubernetesSourceOptions,
    | 'pollMs'
    | 'graceMs'
    | 'inactivityMs'
    | 'requestMs'
    | 'staleAcceptMs'
    | 'backoffFloorMs'
    | 'backoffCapMs'
    | 'editAttempts'
  >
>;

const defaults: Tuning = {
  pollMs: 10_000,
  graceMs: 1000,
  inactivityMs: 90_000,
  requestMs: 10_000,
  staleAcceptMs: 60_000,
  backoffFloorMs: 1000,
  backoffCapMs: 30_000,
  editAttempts: 30,
};

class KubernetesSource implements Source {
  readonly own: Source['own'];
  readonly announcer: Announcer;
  readonly #settings: Tuning;
  readonly #names: ObjectNames;
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #http: KubernetesHttp;
  readonly #objects: KubernetesObjects;
  readonly #freshness: Freshness;
  #reflectors: ReadonlyMap<RegistryObject, { readonly name: string; readonly reflector: Reflector }> =
    new Map();
  #lastProofMs: number | undefined;

  constructor(options: KubernetesSourceOptions) {
    const { clock, random = systemRandom, namespace = 'kube-system', names = defaultNames } = options;
    this.#settings = { ...defaults, ...options };
    this.#names = names;
    this.#namespace = namespace;
    this.#clock = clock;
    this.#random = random;
    this.#http = new KubernetesHttp({ ...options, requestMs: this.#settings.requestMs, clock });
    this.#objects = new KubernetesObjects(this.#http, namespace);
    this.#freshness = new Freshness(this.#settings.staleAcceptMs);
    this.own = createKubernetesOwn(this.#objects);
    this.announcer = createKubernetesAnnouncer(this.#http, { namespace, names });
  }

  async connect(): Promise<void> {
    await this.#http.connect().catch(() => undefined);
  }

  async read(signal: AbortSignal): Promise<Reading> {
    try {
      const found = await Promise.all(registryObjects.map((name) => this.#get(name, signal)));
      this.#proved();
      const judged = found
        .filter((object) => object !== undefined)
        .map((object) => this.#freshness.judge(object, this.#clock.monotonic()));
      const objects = new Map(judged.map(({ object }) => [object.name, object]));
      const findings: readonly Finding[] = judged.flatMap(({ finding }) => finding ?? []);
      return {
        kind: 'read',
        objects,
        missing: registryObjects.filter((name) => !objects.has(name)),
        findings,
      };
    } catch (error) {
      signal.throwIfAborted();
      const remedy = (error instanceof SyncError ? error.remedy : undefined) ?? 'syncctl doctor';
      return { kind: 'unreadable', reason: `${this.#http.location}: ${messageOf(error)}`, remedy };
    }
  }

  async watch(onHint: (object: RegistryObject) => void, signal: AbortSignal): Promise<void> {
    const { pollMs, graceMs } = this.#settings;
    const ports = {
      ...this.#settings,
      http: this.#http,
      objects: this.#objects,
      clock: this.#clock,
      random: this.#random,
    };
    const reflectors = new Map(
      registryObjects.map((object) => {
        const name = this.#names[object];
        return [
          object,
          {
            name,
            reflector: new Reflector(name, { ...ports, onProof: () => this.#proved() }, () => onHint(object)),
          },
        ];
      }),
    );
    this.#reflectors = reflectors;
    const poll = {
      reflectors,
      objects: this.#objects,
      pollMs,
      graceMs,
      clock: this.#clock,
      random: this.#random,
    };
    // An older version that is being ignored changes nothing anymore, and yet has to be judged again.
    const onLook = (object: RegistryObject): void => {
      if (this.#freshness.isHolding(object)) onHint(object);
    };
    await Promise.all([
      pollVersions({ ...poll, onProof: () => this.#proved(), onLook, onFailure: onHint }, signal),
      ...[...reflectors.values()].map(({ reflector }) => reflector.run(signal)),
    ]);
  }

  edit(
    object: RegistryObject,
    key: string,
    edit: (text: string | undefined) => string | undefined,
  ): Promise<string | undefined> {
    const { editAttempts: attempts } = this.#settings;
    return editConfigMap({
      objects: this.#objects,
      name: this.#names[object],
      key,
      edit,
      attempts,
      clock: this.#clock,
      random: this.#random,
    });
  }

  health(): SourceHealth {
    const sum = (key: 'restarts' | 'stalls'): number =>
      [...this.#reflectors.values()].reduce((total, { reflector }) => total + reflector.counts[key], 0);
    const location = `${this.#http.location} namespace ${this.#namespace}`;
    return {
      kind: 'kubernetes',
      location,
      lastProofMs: this.#lastProofMs,
      restarts: sum('restarts'),
      stalls: sum('stalls'),
    };
  }

  recall(objects: readonly RawObject[]): void {
    this.#freshness.recall(objects);
  }

  loadBalancers(signal: AbortSignal): Promise<readonly LoadBalancer[]> {
    return this.#objects.loadBalancers(signal);
  }

  close(): Promise<void> {
    this.#http.close();
    return Promise.resolve();
  }

  async #get(object: RegistryObject, signal: AbortSignal): Promise<RawObject | undefined> {
    const found = await this.#objects.get(this.#names[object], signal);
    return found === undefined ? undefined : { ...found, name: object };
  }

  #proved(): void {
    this.#lastProofMs = this.#clock.monotonic();
  }
}
