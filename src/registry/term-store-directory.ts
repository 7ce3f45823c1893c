import { join, resolve } from 'node:path';
import type { Term } from '../model/term.ts';
import { SyncError } from '../lib/errors.ts';
import { readLimited, writeAtomic } from '../lib/files.ts';
import { acquireLock } from '../lib/os-lock.ts';
import { createClusterMemory, type ClusterMemory } from './cluster-memory.ts';
import type { Source } from './source.ts';
import {
  clusterIdFor,
  clusterIdKey,
  clusterIdOf,
  nextRecord,
  recordFromData,
  recordToData,
  unusedTerm,
  type TermClaim,
  type TermPorts,
  type TermRecord,
  type TermStore,
} from './term-store.ts';

export interface DirectoryTermOptions extends TermPorts {
  readonly source: Source;
  readonly stateDirectory: string;
  readonly lockWaitMs?: number;
}

const limitBytes = 64 * 1024;
const where = `cluster-info/${clusterIdKey}`;

/** Terms of a registry folder: the cluster id stands in its `cluster-info` manifest, the epoch in the state directory under a lock of the kernel. */
export function createDirectoryTermStore(options: DirectoryTermOptions): TermStore {
  return new DirectoryTermStore(options);
}

class DirectoryTermStore implements TermStore {
  readonly #options: DirectoryTermOptions;
  readonly #path: string;
  readonly #memory: ClusterMemory;

  constructor(options: DirectoryTermOptions) {
    this.#options = options;
    this.#memory = createClusterMemory(
      options.stateDirectory,
      `directory ${options.source.health().location}`,
    );
    this.#path = join(resolve(options.stateDirectory), 'term.json');
  }

  async peek(): Promise<TermRecord | undefined> {
    const id = await this.#presentId();
    return id === undefined ? undefined : this.#recordOf(id);
  }

  async read(): Promise<TermRecord> {
    return this.#recordOf((await this.#presentId()) ?? (await this.#mint()));
  }

  async take(claim: TermClaim): Promise<Term> {
    const clusterId = (await this.#presentId()) ?? (await this.#mint());
    const { clock, lockWaitMs = 5000 } = this.#options;
    using _lock = await acquireLock({ path: `${this.#path}.lock`, holder: '', waitMs: lockWaitMs, clock });
    await this.#memory.note(clusterId);
    const next = nextRecord(await this.#recordOf(clusterId), claim, clock);
    writeAtomic(this.#path, `${JSON.stringify(recordToData(next))}\n`);
    return { clusterId, epoch: next.epoch, writer: claim.writer };
  }

  async #presentId(): Promise<string | undefined> {
    const reading = await this.#options.source.read(AbortSignal.timeout(10_000));
    if (reading.kind === 'unreadable')
      throw new SyncError('unavailable', reading.reason, { remedy: reading.remedy });
    const text = reading.objects.get('cluster-info')?.data[clusterIdKey]?.trim();
    if (!text) return undefined;
    return clusterIdOf(text, where);
  }

  /** Mints the id under the folder's lock: of two that try at once, both get the same one. */
  async #mint(): Promise<string> {
    const { source, random } = this.#options;
    const minted = await clusterIdFor(this.#memory, random);
    let id = minted;
    await source.edit('cluster-info', clusterIdKey, (text) => {
      id = text?.trim() ? clusterIdOf(text, where) : minted;
      return text?.trim() ? undefined : id;
    });
    await this.#memory.note(id);
    return id;
  }

  /** An epoch of another cluster says nothing about this one. */
  async #recordOf(clusterId: string): Promise<TermRecord> {
    const stored = await this.#stored();
    return stored?.clusterId === clusterId ? stored : unusedTerm(clusterId);
  }

  async #stored(): Promise<TermRecord | undefined> {
    const bytes = await readLimited(this.#path, limitBytes);
    if (bytes === undefined) return undefined;
    try {
      const data: unknown = JSON.parse(bytes.toString('utf8'));
      if (typeof data !== 'object' || data === null) return undefined;
      const strings = Object.entries(data).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      );
      return recordFromData(Object.fromEntries(strings), this.#path);
    } catch {
      // A damaged file costs the epoch only, and the nodes give that back.
      return undefined;
    }
  }
}
