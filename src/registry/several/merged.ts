import { ownersOf, type Snapshot } from '../../model/snapshot.ts';
import type { ParseRegistries } from '../last-good.ts';
import type { Registries, Registry, RegistryListener, RegistryState, ShareNow } from '../registry.ts';
import type { Source } from '../source.ts';
import { mergeShares } from './merge.ts';

/** One of several sources, with its own last good state and its own watch. */
export interface Member {
  readonly name: string;
  readonly priority: number;
  readonly registry: Registry;
  readonly source: Source;
  readonly parse: ParseRegistries;
}

/**
 * What should be, from several sources: each is followed by itself, so that one that is dead keeps its last good share and the
 * others go on. The first one is home: its state is the state of all.
 */
export class MergedRegistry implements Registries {
  readonly #members: readonly Member[];
  readonly #home: Member;
  readonly #listeners = new Set<RegistryListener>();
  #snapshot: Snapshot | undefined;
  #state: RegistryState = {
    snapshot: undefined,
    sourceState: 'none',
    reason: 'not read yet',
    remedy: undefined,
  };

  constructor(members: readonly [Member, ...Member[]]) {
    this.#members = members;
    this.#home = members[0];
    for (const { registry } of members) registry.subscribe(() => this.#merge());
  }

  async start(signal: AbortSignal): Promise<RegistryState> {
    await Promise.all(this.#members.map(({ registry }) => registry.start(signal)));
    return this.#merge();
  }

  async load(signal: AbortSignal): Promise<RegistryState> {
    await Promise.all(this.#members.map(({ registry }) => registry.load(signal)));
    return this.#merge();
  }

  async stopped(): Promise<void> {
    await Promise.all(this.#members.map(({ registry }) => registry.stopped()));
  }

  current(): RegistryState {
    return this.#state;
  }

  subscribe(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(signal: AbortSignal): Promise<RegistryState> {
    await Promise.all(this.#members.map(({ registry }) => registry.refresh(signal)));
    return this.#merge();
  }

  /** Each source as it is now. */
  shares(): readonly ShareNow[] {
    return this.#members.map(({ registry, ...member }) => {
      const { snapshot, sourceState, reason, objects, kept } = registry.current();
      return { ...member, snapshot, state: sourceState, reason, objects, kept };
    });
  }

  #merge(): RegistryState {
    const shares = this.shares();
    const snapshot = mergeShares(shares, this.#home.name, this.#snapshot);
    const home = this.#home.registry.current();
    const dead = shares.filter(({ state }) => state !== 'fresh');
    const before = { state: this.#state, digest: contentOf(this.#snapshot) };
    this.#snapshot = snapshot;
    this.#state = {
      snapshot,
      sourceState: home.sourceState === 'none' && snapshot !== undefined ? 'last-good' : home.sourceState,
      ...(home.objects === undefined ? {} : { objects: home.objects }),
      reason:
        dead.length === 0
          ? undefined
          : dead.map(({ name, reason }) => `${name}: ${reason ?? 'no answer'}`).join('; '),
      remedy: home.remedy,
    };
    this.#tell(before);
    return this.#state;
  }

  #tell(before: { readonly state: RegistryState; readonly digest: string }): void {
    const what = before.digest === contentOf(this.#snapshot) ? 'source' : 'desired';
    if (what === 'source' && knowledgeOf(before.state) === knowledgeOf(this.#state)) return;
    for (const listener of this.#listeners) listener(this.#state, what);
  }
}

function contentOf(snapshot: Snapshot | undefined): string {
  if (snapshot === undefined) return '';
  const { digest, complete, paused, additionsOnly, sources } = snapshot;
  return JSON.stringify([
    digest,
    complete,
    paused,
    additionsOnly,
    sources?.map(({ state }) => state === 'none'),
    ownersOf(snapshot),
  ]);
}

function knowledgeOf({ sourceState, reason, snapshot }: RegistryState): string {
  return JSON.stringify([sourceState, reason, snapshot?.findings]);
}
