import { join } from 'node:path';
import { digestOf } from '../model/bundle.ts';
import { registryObjects, type RawObject, type RegistryObject, type Snapshot } from '../model/snapshot.ts';
import { openSealed, sealedValues } from './sealed/opened.ts';
import { readGenerations, writeGenerations } from '../lib/files.ts';

/** Turns raw objects into a snapshot; what is bad or absent is filled from the last good one. */
export type ParseRegistries = (
  objects: ReadonlyMap<RegistryObject, RawObject>,
  lastGood: Snapshot | undefined,
) => Snapshot;

/** What was restored, and which generations of the file were damaged. */
export interface Restored {
  readonly snapshot: Snapshot | undefined;
  readonly damaged: readonly string[];
  /** The newest version of each object that was remembered. */
  readonly objects?: readonly RawObject[];
}

export interface LastGoodOptions {
  readonly stateDirectory: string;
  /** Names the source: kind and location. Each source has a file of its own, so that one never restores another's state. */
  readonly source: string;
  readonly parse: ParseRegistries;
}

/** Versions of one object since it was last wholly valid, oldest first: parsing them in turn rebuilds what each entry last was when good. */
type History = Partial<Record<RegistryObject, readonly RawObject[]>>;

const format = 1;
const historyLimit = 4;
const fileLimitBytes = 64 * 1024 * 1024;

/** The last good state of one source, kept across restarts, so that a source that is broken at start changes nothing. */
export class LastGood {
  readonly #path: string;
  readonly #parse: ParseRegistries;
  #history: History = {};
  #key = '';

  constructor({ stateDirectory, source, parse }: LastGoodOptions) {
    this.#path = join(stateDirectory, `last-good-${digestOf(source).slice(0, 12)}.json`);
    this.#parse = parse;
  }

  /** Loads the newest sound generation and parses it anew, under the grammars of this version. */
  async restore(): Promise<Restored> {
    const { body, damaged } = await readGenerations(this.#path, fileLimitBytes);
    const history = body === undefined ? undefined : historyOf(body);
    if (history === undefined) return { snapshot: undefined, damaged };
    this.#history = history;
    await openSealed(registryObjects.flatMap((name) => history[name] ?? []));
    const snapshot = this.#replay();
    const objects = registryObjects.flatMap((name) => this.#history[name]?.at(-1) ?? []);
    // After a fallback the newest generation is still to be replaced.
    if (snapshot !== undefined && damaged.length === 0) this.#key = keyOf(snapshot, objects);
    return { snapshot, damaged, objects };
  }

  /** Remembers a reading. Nothing is written where only formatting or recorded statuses changed: a small box lives on an SD card. */
  async remember(objects: ReadonlyMap<RegistryObject, RawObject>, snapshot: Snapshot): Promise<void> {
    const key = keyOf(snapshot, objects.values());
    if (key === this.#key) return;
    for (const [name, raw] of objects)
      this.#history[name] = extended(this.#history[name] ?? [], raw, isValid(name, snapshot));
    await writeGenerations(this.#path, JSON.stringify({ format, objects: this.#history }), fileLimitBytes);
    this.#key = key;
  }

  #replay(): Snapshot | undefined {
    const rounds = Math.max(0, ...registryObjects.map((name) => this.#history[name]?.length ?? 0));
    let snapshot: Snapshot | undefined;
    for (let round = 0; round < rounds; round++) {
      const objects = new Map<RegistryObject, RawObject>();
      for (const name of registryObjects) {
        const versions = this.#history[name] ?? [];
        const raw = versions[Math.min(round, versions.length - 1)];
        if (raw !== undefined) objects.set(name, raw);
      }
      snapshot = this.#parse(objects, snapshot);
    }
    return snapshot;
  }
}

function extended(versions: readonly RawObject[], raw: RawObject, valid: boolean): readonly RawObject[] {
  if (valid) return [raw];
  if (versions.at(-1)?.resourceVersion === raw.resourceVersion) return versions;
  const next = [...versions, raw];
  // The first one is the wholly valid base; of the flawed ones after it the newest matter.
  return next.length <= historyLimit ? next : [...next.slice(0, 1), ...next.slice(1 - historyLimit)];
}

/** What a restart must not lose: the content, which objects are flawed, and what its secrets are sealed to now. */
function keyOf(snapshot: Snapshot, objects: Iterable<RawObject>): string {
  const flawed = registryObjects.filter((name) => !isValid(name, snapshot));
  return JSON.stringify([
    snapshot.digest,
    snapshot.paused,
    flawed,
    digestOf(sealedValues(objects).join(' ')),
  ]);
}

function isValid(name: RegistryObject, snapshot: Snapshot): boolean {
  return !snapshot.findings.some(
    (finding) =>
      finding.severity === 'error' && (finding.path === name || finding.path.startsWith(`${name}/`)),
  );
}

function historyOf(body: string): History | undefined {
  const parsed: unknown = JSON.parse(body);
  if (!isRecord(parsed) || parsed['format'] !== format || !isRecord(parsed['objects'])) return undefined;
  const history: History = {};
  for (const name of registryObjects) {
    const versions = parsed['objects'][name];
    if (Array.isArray(versions) && versions.every((raw) => isRaw(raw, name))) history[name] = versions;
  }
  return history;
}

function isRaw(value: unknown, name: RegistryObject): value is RawObject {
  if (!isRecord(value)) return false;
  const texts = [value['uid'], value['resourceVersion']];
  return (
    value['name'] === name &&
    texts.every((text) => typeof text === 'string') &&
    isStringMap(value['data']) &&
    isStringMap(value['annotations'])
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isStringMap = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');
