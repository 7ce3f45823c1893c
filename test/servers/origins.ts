import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a real server can be started here; where not, why, and what a person does about it. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string; readonly howTo: string };

/** A server that `build.sh` knows how to build. */
export type BuildName = 'kube' | 'traefik-v2' | 'traefik-v3' | 'tailscale' | 'tailnet';

const BUILD_SCRIPT = join(import.meta.dirname, 'build.sh');

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first program of that name on PATH. */
export function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

const built = new Map<BuildName, string | undefined>();

/** The program that `build.sh` left in its cache for the module as it stands now. */
export function builtProgram(name: BuildName): string | undefined {
  if (!built.has(name)) {
    const answer = spawnSync('bash', [BUILD_SCRIPT, '--path', name], { encoding: 'utf8' });
    built.set(name, answer.status === 0 ? answer.stdout.trim() : undefined);
  }
  return built.get(name);
}

/** The title of a suite that needs a real server; where it is skipped, says why here and now and how to run it. */
export function suiteTitle(title: string, availability: Availability): string {
  if (availability.available) return title;
  console.warn(`skipped: ${title}: ${availability.reason}; ${availability.howTo}`);
  return `${title} [skipped: ${availability.reason}]`;
}
