import type { Term } from '../model/term.ts';
import { SyncError } from '../lib/errors.ts';
import { noMemory, type ClusterMemory } from './cluster-memory.ts';
import type { OwnObjects } from './source.ts';
import {
  clusterIdFor,
  nextRecord,
  recordFromData,
  recordToData,
  termObject,
  unusedTerm,
  type TermClaim,
  type TermPorts,
  type TermRecord,
  type TermStore,
} from './term-store.ts';

const attempts = 20;

/**
 * Terms in a ConfigMap of ours, never in a Lease: leases are deleted by other tools, and a term must not be.
 * Without a memory, an id that is deleted from the cluster is minted anew.
 */
export function createKubernetesTermStore(
  own: OwnObjects,
  ports: TermPorts,
  memory: ClusterMemory = noMemory,
): TermStore {
  return new KubernetesTermStore({ own, memory, ...ports });
}

interface Options extends TermPorts {
  readonly own: OwnObjects;
  readonly memory: ClusterMemory;
}

interface Stored {
  readonly record: TermRecord;
  readonly version: string;
}

class KubernetesTermStore implements TermStore {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async peek(): Promise<TermRecord | undefined> {
    const object = await this.#options.own.read(termObject);
    return object === undefined ? undefined : recordFromData(object.data, termObject);
  }

  async read(): Promise<TermRecord> {
    return (await this.#stored()).record;
  }

  async take(claim: TermClaim): Promise<Term> {
    return this.#retried('take a term', async () => {
      const { record, version } = await this.#stored();
      const next = nextRecord(record, claim, this.#options.clock);
      const swapped = await this.#options.own.swap(termObject, recordToData(next), version);
      return swapped === undefined
        ? undefined
        : { clusterId: next.clusterId, epoch: next.epoch, writer: claim.writer };
    });
  }

  #stored(): Promise<Stored> {
    const { own, memory, random } = this.#options;
    return this.#retried('mint the cluster id', async () => {
      // One read decides: whoever minted after it makes the swap below fail.
      const object = await own.read(termObject);
      const present = object === undefined ? undefined : recordFromData(object.data, termObject);
      const record = present ?? unusedTerm(await clusterIdFor(memory, random));
      const version =
        present === undefined
          ? await own.swap(termObject, recordToData(record), object?.version)
          : object?.version;
      if (version === undefined) return undefined;
      // The memory is for the day on which the id is deleted from the cluster; a disk that is full today must not stop us.
      await memory.note(record.clusterId).catch(() => undefined);
      return { record, version };
    });
  }

  async #retried<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    const { clock, random } = this.#options;
    for (let round = 1; round <= attempts; round++) {
      const result = await attempt();
      if (result !== undefined) return result;
      await clock.sleep(Math.ceil(random.unit() * 20 * round));
    }
    throw new SyncError(
      'conflict',
      `could not ${what}: ${termObject} changed under each of ${attempts} attempts`,
      {
        remedy: 'find the other controllers: syncctl term show',
      },
    );
  }
}
