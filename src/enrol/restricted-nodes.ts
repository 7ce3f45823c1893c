import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { hasCode, writeAtomic } from '../lib/files.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { NodeId } from '../model/node.ts';
import { generationsOf, identityFolder, keyPath, likeItsFolder } from './key-files.ts';

const entrySchema = z.object({
  /** The generation of the key that the node was proved to take. */
  generation: z.int().positive(),
  /** Earlier generations whose line may still stand on the node. */
  old: z.array(z.int().positive()),
  login: z.string(),
  since: z.string(),
});
const recordSchema = z.object({ version: z.literal(1), nodes: z.record(z.string(), entrySchema) });

/** What we know of a node that takes our dedicated key. */
export type RestrictedNode = z.infer<typeof entrySchema>;
export type RestrictedNodes = ReadonlyMap<NodeId, RestrictedNode>;

const none: RestrictedNodes = new Map();
const fileOf = (stateDirectory: string): string => join(identityFolder(stateDirectory), 'nodes.json');

/**
 * The nodes that were enrolled with least privilege; none where there is no such file.
 * @throws SyncError `data` where the file is damaged, `permission` where it is not ours to read.
 */
export function restrictedNodes(stateDirectory: string): RestrictedNodes {
  const path = fileOf(stateDirectory);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return none;
    throw new SyncError('permission', `${path}: expected to be readable, got ${messageOf(error)}`, {
      remedy: 'run it as the user of the daemon, or with sudo',
    });
  }
  try {
    return new Map(Object.entries(recordSchema.parse(JSON.parse(text)).nodes) as [NodeId, RestrictedNode][]);
  } catch (error) {
    throw new SyncError(
      'data',
      `${path}: expected the list of restricted nodes, got ${messageOf(error).slice(0, 100)}`,
      { cause: error, remedy: `remove it, then for each node: syncctl node add … --restrict` },
    );
  }
}

/** Notes what is known of one node from now on, or that nothing is; the lock of the keys is held. */
export async function noteRestricted(
  stateDirectory: string,
  id: NodeId,
  entry: RestrictedNode | undefined,
): Promise<void> {
  const path = fileOf(stateDirectory);
  await mkdir(identityFolder(stateDirectory), { recursive: true, mode: 0o700 });
  // From here to the rename in one turn: several nodes are noted side by side.
  const nodes = new Map(restrictedNodes(stateDirectory));
  if (entry === undefined) nodes.delete(id);
  else nodes.set(id, entry);
  writeAtomic(path, `${JSON.stringify({ version: 1, nodes: Object.fromEntries(nodes) }, undefined, 2)}\n`);
  await likeItsFolder(stateDirectory, [path]);
}

/** Private keys to try first for a node: the one it was proved to take. With the list damaged every key is tried, the newest first. */
export function restrictedIdentities(stateDirectory: string): (id: NodeId) => readonly string[] {
  const path = fileOf(stateDirectory);
  let seen = '';
  let known: (id: NodeId) => readonly string[] = () => [];
  return (id) => {
    // A command that enrols a node is another process: a look at the file costs microseconds, a login milliseconds.
    const mark = markOf(path);
    if (mark !== seen) known = mark === '' ? () => [] : identitiesOf(stateDirectory);
    seen = mark;
    return known(id);
  };
}

function markOf(path: string): string {
  try {
    const { ino, mtimeNs } = statSync(path, { bigint: true });
    return `${String(ino)} ${String(mtimeNs)}`;
  } catch {
    // Not there, or not ours to look at: then the keys are not, either.
    return '';
  }
}

function identitiesOf(stateDirectory: string): (id: NodeId) => readonly string[] {
  try {
    const nodes = restrictedNodes(stateDirectory);
    return (id) => {
      const entry = nodes.get(id);
      return entry === undefined ? [] : [keyPath(stateDirectory, entry.generation)];
    };
  } catch {
    const folder = identityFolder(stateDirectory);
    const all = generationsOf(readdirSync(folder))
      .map((generation) => keyPath(stateDirectory, generation))
      .reverse();
    return () => all;
  }
}
