import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hasCode, writeAtomic } from '../../lib/files.ts';

/** What a first settings file says; everything else stays at its default. */
export interface FirstSettings {
  readonly source:
    | { readonly kind: 'kubernetes'; readonly kubeconfig: string }
    | { readonly kind: 'directory'; readonly directory: string };
  readonly observeOnly: boolean;
  /** Named only where the usual keys are not enough. */
  readonly identity: readonly string[];
}

/** A settings file with the few lines that a machine needs. */
export function settingsText({ source, observeOnly, identity }: FirstSettings): string {
  const lines = [
    '# Settings of sync-controller, written by `syncctl init`. Every key: docs/configuration.md',
  ];
  if (observeOnly) lines.push(...observeLines);
  lines.push('source:', `  kind: ${source.kind}`);
  if (source.kind === 'kubernetes') lines.push(`  kubeconfig: ${JSON.stringify(source.kubeconfig)}`);
  else lines.push(`  directory: ${JSON.stringify(source.directory)}`);
  if (identity.length > 0)
    lines.push('ssh:', '  identity:', ...identity.map((path) => `    - ${JSON.stringify(path)}`));
  return `${lines.join('\n')}\n`;
}

const observeComment =
  '# Nothing is written to any node or registry until `syncctl adopt`, which takes these two lines out.';
const observeLines = [observeComment, 'observeOnly: true'];

/** The same text with the state of being only an observer; every other byte stays. */
export function withObserveOnly(text: string): string {
  if (/^observeOnly\s*:\s*true\s*(?:#.*)?$/mu.test(text)) return text;
  return `${observeLines.join('\n')}\n${withoutObserveOnly(text)}`;
}

/** The same text without it. */
export function withoutObserveOnly(text: string): string {
  return text
    .split(/(?<=\n)/u)
    .filter((line) => line.trimEnd() !== observeComment && !/^observeOnly\s*:/u.test(line))
    .join('');
}

/** The text of a settings file; undefined where there is none. */
export async function readSettingsText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Where what stood in the place of a file is kept: the first free name. */
export function keptBeside(path: string): string {
  for (let number = 1; ; number += 1) {
    const kept = `${path}.before-init${number === 1 ? '' : `-${String(number)}`}`;
    if (!existsSync(kept)) return kept;
  }
}

/** Writes settings that everybody of the machine may read; secrets stand in files of their own. */
export function writeSettingsText(path: string, text: string): void {
  writeAtomic(path, text, { mode: 0o644 });
}
