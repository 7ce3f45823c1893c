import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestOf } from '../model/bundle.ts';
import { readLimited, writeAtomic } from '../lib/files.ts';

/**
 * The state directory's memory of a source's cluster id. The id lives beside the registries; where it is deleted there,
 * minting another would make every node refuse us as a stranger, so the one we knew is put back.
 */
export interface ClusterMemory {
  recall(): Promise<string | undefined>;
  note(clusterId: string): Promise<void>;
}

/** For a process that may not keep a state directory. */
export const noMemory: ClusterMemory = {
  recall: () => Promise.resolve(undefined),
  note: () => Promise.resolve(),
};

const limitBytes = 1024;

/** Opens the memory of one source, named by its kind and location. */
export function createClusterMemory(stateDirectory: string, source: string): ClusterMemory {
  const folder = resolve(stateDirectory);
  const path = join(folder, `cluster-id-${digestOf(source).slice(0, 12)}`);
  const recall = async (): Promise<string | undefined> => {
    const text = (await readLimited(path, limitBytes))?.toString('utf8').trim();
    return text === '' ? undefined : text;
  };
  return {
    recall,
    note: async (clusterId) => {
      if ((await recall()) === clusterId) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeAtomic(path, `${clusterId}\n`);
    },
  };
}
