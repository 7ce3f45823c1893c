import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The predecessor's settings of a machine; they are parsed, never sourced. */
export async function readConfigEnv(homes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  for (const home of homes) {
    const text = await readFile(join(home, '.mynodeone', 'config.env'), 'utf8').catch(() => undefined);
    if (text !== undefined) return parseConfigEnv(text);
  }
  return new Map();
}

/** Plain assignments of plain words; everything else of a shell file is passed over. */
export function parseConfigEnv(text: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] =
      /^(?:export )?([A-Z][A-Z0-9_]*)=(?:"([^"$`\\]*)"|'[^']*'|[^\s"'$`\\]*)\s*$/u.exec(line) ?? [];
    if (name === undefined) continue;
    const plain =
      value ??
      line
        .slice(line.indexOf('=') + 1)
        .trim()
        .replace(/^'(.*)'$/u, '$1');
    words.set(name, plain);
  }
  return words;
}
