import type { DatabaseSync } from 'node:sqlite';
import type { NodeTokenRecord } from './records.ts';
import { optionalText, text } from './rows.ts';

/** Tokens of nodes that fetch their configuration; of the secret itself only the hash is here. */
export function nodeTokenCalls(db: DatabaseSync) {
  return {
    addNodeToken({ hash, node, who, why, since }: NodeTokenRecord): void {
      db.prepare('INSERT INTO node_tokens (hash, node, who, why, since) VALUES (?, ?, ?, ?, ?)').run(
        hash,
        node,
        who,
        why ?? null,
        since,
      );
    },
    dropNodeTokens(hashes: readonly string[]): void {
      const drop = db.prepare('DELETE FROM node_tokens WHERE hash = ?');
      for (const hash of hashes) drop.run(hash);
    },
    nodeTokens(): readonly NodeTokenRecord[] {
      return db
        .prepare('SELECT * FROM node_tokens ORDER BY number')
        .all()
        .map((row) => ({
          hash: text(row, 'hash'),
          node: text(row, 'node'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          since: text(row, 'since'),
        }));
    },
  };
}
