import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../../lib/errors.ts';
import { execProgram } from '../../lib/exec.ts';
import { writeAtomic } from '../../lib/files.ts';
import { packageFolder } from '../receiver-file.ts';

/** The unit of the daemon. */
export const ownUnit = 'sync-controller.service';
export const unitFolder = '/etc/systemd/system';

/** What systemd knows of a unit. */
export interface UnitState {
  /** `loaded`, `not-found`, `masked` … */
  readonly load: string;
  readonly active: boolean;
  readonly enabled: boolean;
  /** The file that it was read from; empty where there is none. */
  readonly file: string;
  /** Its own name: an alias shows the name of what it stands for. */
  readonly id: string;
}

// A unit may take its stop timeout, and a start its registries.
const systemctlMs = 60_000;

/** True where systemd runs this machine. */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** Asks systemd for a unit; undefined where systemd does not answer. */
export async function unitState(unit: string, signal?: AbortSignal): Promise<UnitState | undefined> {
  const properties = ['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'FragmentPath'];
  const shown = await systemctl(['show', ...properties.flatMap((name) => ['-p', name]), unit], signal);
  if (shown?.code !== 0) return undefined;
  const facts = new Map(
    shown.text.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  const is = (name: string, ...values: readonly string[]): boolean => values.includes(facts.get(name) ?? '');
  return {
    load: facts.get('LoadState') ?? '',
    active: is('ActiveState', 'active', 'activating', 'reloading', 'deactivating'),
    enabled: is('UnitFileState', 'enabled', 'enabled-runtime', 'linked', 'alias'),
    file: facts.get('FragmentPath') ?? '',
    id: facts.get('Id') ?? '',
  };
}

/** Runs systemctl; undefined where it does not exist or systemd does not run here. */
export async function systemctl(
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ readonly code: number; readonly text: string } | undefined> {
  if (!hasSystemd()) return undefined;
  const options = { deadlineMs: systemctlMs, env: { ...process.env, LC_ALL: 'C' } };
  const ran = await execProgram('systemctl', args, signal === undefined ? options : { ...options, signal });
  return {
    code: ran.code ?? 1,
    text: ran.stdout.toString('utf8') + (ran.code === 0 ? '' : ran.stderr.toString('utf8')),
  };
}

/** The same where it has to work. */
export async function mustSystemctl(args: readonly string[], signal?: AbortSignal): Promise<void> {
  const ran = await systemctl(args, signal);
  if (ran?.code === 0) return;
  const words = `systemctl ${args.join(' ')}`;
  throw new SyncError(
    'failure',
    `${words}: expected exit 0, got ${String(ran?.code ?? 'no systemd')}: ${(ran?.text ?? '').trim()}`,
    { remedy: `journalctl -b -u ${args.at(-1) ?? ''} -n 50` },
  );
}

/** The unit of this release; it starts this very program where the usual path has none. */
export async function unitText(program: readonly string[]): Promise<string> {
  const text = await readFile(join(packageFolder(), 'deploy', ownUnit), 'utf8');
  if (existsSync('/usr/bin/syncctl')) return text;
  const start = program.map((word) => (/^[A-Za-z0-9._/+-]+$/u.test(word) ? word : JSON.stringify(word)));
  return text.replace(/^ExecStart=\/usr\/bin\/syncctl/mu, `ExecStart=${start.join(' ')}`);
}

/** Writes the unit, and has systemd read it. */
export async function writeUnit(text: string, signal?: AbortSignal): Promise<void> {
  writeAtomic(join(unitFolder, ownUnit), text, { mode: 0o644 });
  await mustSystemctl(['daemon-reload'], signal);
}
