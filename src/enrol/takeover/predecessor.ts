import { existsSync, lstatSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { dedicatedKeys, type Account } from '../../transport/endpoint.ts';
import { unitFolder, unitState } from '../setup/systemd.ts';
import { findCheckouts, type Checkout } from './checkouts.ts';

/** The predecessor's unit; ours takes the name over. */
export const predecessorUnit = 'mynodeone-sync-controller.service';

/** What of the predecessor is on this machine. Nothing was written to learn it. */
export interface Predecessor {
  readonly unit: { readonly file: string; readonly active: boolean; readonly enabled: boolean } | undefined;
  readonly checkouts: readonly Checkout[];
  /** Daemons that somebody started by hand: no unit can stop them. */
  readonly strays: readonly { readonly pid: number; readonly command: string }[];
  /** The copy of the node registry that clusters before November 2025 had alone. */
  readonly localRegistry: string | undefined;
}

/** Looks for the predecessor on this machine; `repoPaths` are those that the registries name. */
export async function findPredecessor(
  account: Account,
  repoPaths: readonly string[],
  signal?: AbortSignal,
): Promise<Predecessor> {
  const unit = await findUnit(signal);
  const text = unit === undefined ? '' : await readFile(unit.file, 'utf8').catch(() => '');
  const homes = await homesOf(account);
  return {
    unit,
    checkouts: await findCheckouts([
      ...rootsOfUnit(text),
      ...repoPaths,
      ...homes.map((home) => join(home, 'MyNodeOne')),
    ]),
    strays: await strayDaemons(unit?.active === true),
    localRegistry: homes
      .map((home) => join(home, '.mynodeone', 'node-registry.json'))
      .find((path) => existsSync(path)),
  };
}

/** Keys beside the dedicated ones that the predecessor logged in with: it named none, so ssh took the usual ones. */
export function predecessorKeys(account: Account): readonly string[] {
  const dedicated = dedicatedKeys(account);
  const usual = dedicated.flatMap((path) =>
    ['id_ed25519', 'id_rsa'].map((name) => join(dirname(path), name)),
  );
  const present = usual.filter((path) => existsSync(path));
  return present.length === 0 ? [] : [...dedicated.filter((path) => existsSync(path)), ...present];
}

async function findUnit(signal?: AbortSignal): Promise<Predecessor['unit']> {
  const state = await unitState(predecessorUnit, signal);
  // Our unit may carry the name already, as an alias.
  if (state !== undefined && state.id !== predecessorUnit) return undefined;
  const file =
    state?.file === undefined || state.file === '' ? join(unitFolder, predecessorUnit) : state.file;
  // In its place there may stand our alias, which is a link.
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  return { file, active: state?.active ?? false, enabled: state?.enabled ?? false };
}

function rootsOfUnit(text: string): readonly string[] {
  const [, workingDirectory] = /^WorkingDirectory=(\/\S+)\s*$/mu.exec(text) ?? [];
  const [, script] = /^ExecStart=(\/\S+)\/scripts\/lib\/sync-controller\.sh\b/mu.exec(text) ?? [];
  return [workingDirectory, script].filter((path) => path !== undefined);
}

/** Homes in which the predecessor may have left something. */
export async function homesOf({ env, uid }: Account): Promise<readonly string[]> {
  const folders = uid === 0 ? await readdir('/home').catch(() => []) : [];
  return [
    ...new Set([
      env['HOME'] ?? homedir(),
      ...(uid === 0 ? ['/root'] : []),
      ...folders.map((name) => join('/home', name)),
    ]),
  ];
}

async function strayDaemons(unitRuns: boolean): Promise<Predecessor['strays']> {
  const strays: { pid: number; command: string }[] = [];
  if (unitRuns) return strays;
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/u.test(name)) continue;
    const line = await readFile(join('/proc', name, 'cmdline'), 'utf8').catch(() => '');
    const words = line.split('\0').filter((word) => word !== '');
    const at = words.findIndex((word) => word.endsWith('/sync-controller.sh'));
    if (at >= 0 && at <= 2 && ['daemon', 'watch', 'reconcile'].includes(words[at + 1] ?? ''))
      strays.push({ pid: Number(name), command: words.join(' ') });
  }
  return strays;
}
