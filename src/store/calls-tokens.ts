import type { DatabaseSync } from 'node:sqlite';
import type { TokenRecord } from './records.ts';
import { optionalText, text } from './rows.ts';

/** Tokens of the API; of the secret itself only the hash is here. */
export function tokenCalls(db: DatabaseSync) {
  return {
    /** @returns false where a token of that name exists. */
    addToken({ name, role, hash, who, why, since, expires }: TokenRecord): boolean {
      const { changes } = db
        .prepare('INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(name, role, hash, who, why ?? null, since, expires ?? null);
      return Number(changes) === 1;
    },
    /** @returns false where there is none of that name. */
    dropToken(name: string): boolean {
      return Number(db.prepare('DELETE FROM tokens WHERE name = ?').run(name).changes) === 1;
    },
    tokens(): readonly TokenRecord[] {
      return db
        .prepare('SELECT * FROM tokens ORDER BY name')
        .all()
        .map((row) => ({
          name: text(row, 'name'),
          role: text(row, 'role'),
          hash: text(row, 'hash'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          since: text(row, 'since'),
          expires: optionalText(row, 'expires'),
        }));
    },
  };
}
