import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetNode } from '../fleet/types.ts';

const scripts = new URL('../../scripts', import.meta.url).pathname;
const line = /^readonly VERSION=(.*)$/mu;

/** The version of the receiver that this checkout brings. */
export const ownVersion = line.exec(readFileSync(join(scripts, 'receiver/preamble.sh'), 'utf8'))?.[1] ?? '';

/** Puts our receiver under another version in the place of whatever the node has, as another release would have left it. */
export function installOtherVersion(node: FleetNode, version: string): void {
  const work = mkdtempSync(join(tmpdir(), 'sync-controller-receiver-'));
  cpSync(scripts, work, { recursive: true });
  const preamble = join(work, 'receiver/preamble.sh');
  writeFileSync(preamble, readFileSync(preamble, 'utf8').replace(line, `readonly VERSION=${version}`));
  const folder = join(node.rootDir, 'usr/local/lib/sync-controller');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('bash', [join(work, 'build-receiver.sh'), join(folder, `receive-${version}`)]);
  symlinkSync(`receive-${version}`, join(folder, 'receive'));
  rmSync(work, { recursive: true });
}
