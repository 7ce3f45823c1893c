import type { Settings } from '../config/settings.ts';
import { keysIn } from '../enrol/key-files.ts';
import { restrictedNodes } from '../enrol/restricted-nodes.ts';
import type { NodeId } from '../model/node.ts';

/** The key of ours that a restricted node takes. */
export interface RestrictionFacts {
  readonly since: string;
  /** Of the key that it takes; null where its file is gone. */
  readonly fingerprint: string | null;
  /** A newer key is in force elsewhere, or an older one may still stand there. */
  readonly outdated: boolean;
}

export type Restrictions = ReadonlyMap<NodeId, RestrictionFacts>;

/** What the state directory says of restricted nodes; nothing where it is not ours to read, or damaged, which `doctor` tells. */
export async function restrictionsOf(settings: Settings): Promise<Restrictions> {
  const { stateDirectory } = settings.daemon;
  try {
    const known = restrictedNodes(stateDirectory);
    if (known.size === 0) return new Map();
    const keys = await keysIn(stateDirectory);
    const newest = keys.at(-1)?.generation;
    return new Map(
      [...known].map(([id, { generation, old, since }]) => [
        id,
        {
          since,
          fingerprint: keys.find((key) => key.generation === generation)?.fingerprint ?? null,
          outdated: generation !== newest || old.length > 0,
        },
      ]),
    );
  } catch {
    return new Map();
  }
}
