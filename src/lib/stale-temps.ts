import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const form = /(?:^|\/)\.[^/]+\.(\d+)-[0-9a-f]{12}\.tmp$/u;

/**
 * Where the new bytes of a file are gathered before they take its name. The leading dot keeps them out of what folder readers
 * (ours and kubectl's) look at; the process id tells whose they are.
 */
export function tempOf(path: string): string {
  const own = `${String(process.pid)}-${randomBytes(6).toString('hex')}`;
  return join(dirname(path), `.${basename(path)}.${own}.tmp`);
}

/**
 * Removes what writers that were killed in the middle have left in a folder; a folder that is not there or cannot be read has
 * none. What bears our own id is of an earlier life with the same one: a write of this process is never half done between two turns.
 */
export function sweepTemps(folder: string): readonly string[] {
  try {
    const stale = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
      const pid = form.exec(name)?.[1];
      return pid !== undefined && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`));
    });
    for (const name of stale) rmSync(join(folder, name), { force: true });
    return stale;
  } catch {
    return [];
  }
}
