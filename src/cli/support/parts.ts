import { lstatSync, readdirSync } from 'node:fs';
import { arch, platform, release, uptime } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { isoSeconds } from '../../lib/clock.ts';
import { SyncError } from '../../lib/errors.ts';
import { execProgram } from '../../lib/exec.ts';
import type { Call } from '../call.ts';
import { known } from '../health/known.ts';
import { healthReport } from '../health/report.ts';
import { openHistory } from '../history.ts';

/** One file of a support bundle: a value that becomes JSON, or text. */
export interface Part {
  readonly name: string;
  readonly gather: (call: Call) => Promise<unknown>;
}

const rows = 200;
const logLines = '2000';
const logLimit = 16 * 1024 * 1024;

/** Everything somebody who helps has to know. What cannot be gathered is named with its reason, and the rest goes on. */
export const parts: readonly Part[] = [
  { name: 'about.json', gather: (call) => Promise.resolve(about(call)) },
  { name: 'settings.json', gather: async (call) => withoutPlaces(await call.settings()) },
  { name: 'health.json', gather: async (call) => healthReport(await known(call)) },
  { name: 'status.json', gather: statusOf },
  { name: 'findings.json', gather: findingsOf },
  { name: 'history.json', gather: async (call) => (await openHistory(call)).revisions(rows) },
  { name: 'pushes.json', gather: async (call) => (await openHistory(call)).pushes({ limit: rows }) },
  { name: 'state.json', gather: stateOf },
  { name: 'logs.txt', gather: logsOf },
];

/** Whoever knows the URL of a notification's target can write there: its host says enough. */
function withoutPlaces(settings: Settings): Settings {
  const targets = settings.notify.targets.map((target) =>
    'url' in target && target.url !== undefined
      ? { ...target, url: `${new URL(target.url).origin}/[removed]` }
      : target,
  );
  return { ...settings, notify: { ...settings.notify, targets } };
}

function about(call: Call): object {
  const { version, clock, uid } = call.context;
  return {
    at: isoSeconds(clock.now()),
    version,
    runtime: process.version,
    sqlite: process.versions.sqlite,
    system: `${platform()} ${release()} ${arch()}`,
    uptimeHours: Math.round(uptime() / 3600),
    uid,
  };
}

async function statusOf(call: Call): Promise<unknown> {
  const { connectDaemon } = await import('../../contract/client.ts');
  const daemon = await connectDaemon((await call.settings()).daemon.socket);
  if (daemon === undefined)
    throw new SyncError('unavailable', 'no daemon runs', { remedy: 'sudo systemctl start sync-controller' });
  return (await call.keep(Promise.resolve(daemon))).status();
}

async function findingsOf(call: Call): Promise<unknown> {
  const { readRegistries } = await import('../registries.ts');
  const { state, reason, source, snapshot } = await readRegistries(call);
  return { source, state, reason: reason ?? null, findings: snapshot?.findings ?? [] };
}

/** Names, sizes and rights of what the state directory holds; never a content. */
async function stateOf(call: Call): Promise<unknown> {
  const folder = (await call.settings()).daemon.stateDirectory;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { size, mode, mtimeMs } = lstatSync(join(folder, path));
      return { path, bytes: size, mode: (mode & 0o7777).toString(8), changed: isoSeconds(mtimeMs) };
    });
}

async function logsOf(call: Call): Promise<unknown> {
  const { code, stdout, stderr } = await execProgram(
    'journalctl',
    ['--unit', 'sync-controller', '--no-pager', '--output', 'short-iso', '--lines', logLines],
    { deadlineMs: 30_000, maxOutputBytes: logLimit, signal: call.context.signal },
  );
  if (code !== 0)
    throw new SyncError('unavailable', `journalctl: ${stderr.toString('utf8').trim().split('\n')[0] ?? ''}`);
  return stdout.toString('utf8');
}
