import type { DatabaseSync } from 'node:sqlite';
import { targetKinds, type TargetKind } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { Tombstone, TombstoneState } from './records.ts';
import { text, texts } from './rows.ts';

const states: readonly TombstoneState[] = ['pending', 'withdrawn', 'abandoned'];

/** Removed nodes that still hold something of ours. */
export function tombstoneCalls(db: DatabaseSync) {
  return {
    bury(stone: Tombstone): void {
      db.prepare('INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?, ?, ?)').run(
        stone.node,
        stone.address,
        stone.row,
        JSON.stringify(stone.pins),
        JSON.stringify(stone.targets),
        stone.at,
        stone.state,
      );
    },
    settleTombstone(node: NodeId, state: TombstoneState): boolean {
      return db.prepare('UPDATE tombstones SET state = ? WHERE node = ?').run(state, node).changes > 0;
    },
    dropTombstone(node: NodeId): void {
      db.prepare('DELETE FROM tombstones WHERE node = ?').run(node);
    },
    tombstones(): readonly Tombstone[] {
      return db
        .prepare('SELECT * FROM tombstones ORDER BY at')
        .all()
        .map((row) => ({
          node: text(row, 'node') as NodeId,
          address: text(row, 'address'),
          row: text(row, 'row'),
          pins: texts(row, 'pins'),
          targets: texts(row, 'targets').filter(isTargetKind),
          at: text(row, 'at'),
          // A state of a later version is still unfinished business for this one.
          state: states.find((state) => state === row['state']) ?? 'pending',
        }));
    },
  };
}

function isTargetKind(name: string): name is TargetKind {
  return targetKinds.some((kind) => kind === name);
}
