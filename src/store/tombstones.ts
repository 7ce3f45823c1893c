import type { NodeId } from '../model/node.ts';
import { required, type Durable } from './durable.ts';
import type { Tombstone, TombstoneState } from './records.ts';

/** Removed nodes until their targets are withdrawn. Without the store nothing is removed: nobody would remember to clean up. */
export interface Tombstones {
  list(): Promise<readonly Tombstone[]>;
  /** Remembers a node before its row goes. */
  bury(stone: Tombstone): Promise<void>;
  /** @returns false where no such node was buried. */
  settle(node: NodeId, state: TombstoneState): Promise<boolean>;
  drop(node: NodeId): Promise<void>;
}

/** Opens the tombstones of a store. */
export function durableTombstones(durable: Durable): Tombstones {
  return {
    list: async () => required(await durable.ask('tombstones'), 'removed nodes'),
    bury: async (stone) => required(await durable.ask('bury', stone), 'node remove'),
    settle: async (node, state) => required(await durable.ask('settleTombstone', node, state), 'node remove'),
    drop: async (node) => required(await durable.ask('dropTombstone', node), 'node remove'),
  };
}
