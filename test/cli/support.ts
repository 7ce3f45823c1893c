import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { loadSettings } from '../../src/config/load.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDirectorySource } from '../../src/registry/directory-source.ts';
import type { Source } from '../../src/registry/source.ts';
import { writeRegistry, type RegistryContent } from './registry-folder.ts';

/** What a command wrote and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Site {
  readonly folder: string;
  readonly registry: string;
  readonly context: CliContext;
  /** Runs a command line on the folder's registries. */
  run(...words: readonly string[]): Promise<Ran>;
}

const unavailable = (what: string) => () => Promise.reject(new Error(`${what} is not part of this test`));

/** A machine of its own: registries, state, home, no daemon. */
export async function site(content: RegistryContent = {}, changes: Partial<CliContext> = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'syncctl-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const registry = join(folder, 'registry');
  await mkdir(registry);
  await writeRegistry(registry, content);
  let out = '';
  let err = '';
  const context: CliContext = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { HOME: folder, XDG_RUNTIME_DIR: folder, LANG: 'C.UTF-8', USER: 'ada' },
    uid: 1000,
    cwd: folder,
    version: '1.2.3',
    clock: systemClock,
    signal: new AbortController().signal,
    ask: undefined,
    loadSettings,
    openSource: folderSource(),
    openController: unavailable('a controller'),
    runDaemon: unavailable('a daemon'),
    attach: unavailable('a program'),
    openEnrol: unavailable('enrolment'),
    openDoctor: unavailable('doctor'),
    ...changes,
  };
  return {
    folder,
    registry,
    context,
    run: async (...words) => {
      out = '';
      err = '';
      const code = await runCli(['--registry', registry, ...words], context);
      return { code, out, err };
    },
  };
}

/** Opens the folder that the settings name, with some of its methods replaced. */
export function folderSource(
  changes: (real: Source) => Partial<Source> = () => ({}),
): CliContext['openSource'] {
  return async ({ source, daemon }) => {
    const real = createDirectorySource({
      folder: source.directory ?? '',
      stateDirectory: daemon.stateDirectory,
      settleMs: 1,
      clock: systemClock,
    });
    return {
      own: real.own,
      read: (...words) => real.read(...words),
      watch: (...words) => real.watch(...words),
      edit: (...words) => real.edit(...words),
      health: () => real.health(),
      loadBalancers: (...words) => real.loadBalancers(...words),
      close: () => real.close(),
      ...changes(real),
    };
  };
}
