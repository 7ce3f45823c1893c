// What the checked model of a node (test/receiver/model.ts) needs of its harness, without starting any program.
import { createHash } from 'node:crypto';

/** The digest of bytes, as hex. */
export function sha(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function hostsBlock(lines: readonly string[], cluster: string): string {
  return [`# BEGIN sync-controller ${cluster}`, ...lines, `# END sync-controller ${cluster}`, ''].join('\n');
}

export function routesFile(names: readonly string[]): string {
  return names.map((name) => `# ${name}\n`).join('');
}
