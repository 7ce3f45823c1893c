import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
/** What costs a start its speed; these load only in the middle of a command that uses them. */
const heavy = [
  'winston',
  'zod',
  'ssh2',
  '@kubernetes/client-node',
  'yaml',
  'jsonc-parser',
  'cli-table3',
  'node-cron',
  'diff',
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
  'age-encryption',
];

let inputs: Metafile['inputs'] = {};

beforeAll(async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: 'unused',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  inputs = metafile.inputs;
});

/** Packages that come with a file without anybody asking: its imports and theirs, but for `await import()`. */
function packagesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const found = new Set<string>();
  if (seen.has(file)) return found;
  seen.add(file);
  for (const { path, kind, external } of inputs[file]?.imports ?? []) {
    if (kind === 'dynamic-import') continue;
    if (external === true) found.add(path);
    else for (const name of packagesOf(path, seen)) found.add(name);
  }
  return found;
}

/** Files of ours that come with a file without anybody asking. */
function filesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { path, kind, external } of inputs[file]?.imports ?? [])
    if (kind !== 'dynamic-import' && external !== true) filesOf(path, seen);
  return seen;
}

const isHeavy = (name: string): boolean => heavy.some((one) => name === one || name.startsWith(`${one}/`));

describe('the start of syncctl', () => {
  it('loads nothing from outside, and no module of Node but a few, for the first help page', () => {
    // main.ts awaits these three after it has turned the compile cache on.
    const first = ['src/main.ts', 'src/cli/process-context.ts', 'src/cli/run.ts', 'src/lib/clock.ts'];
    const loaded = [...new Set(first.flatMap((file) => [...packagesOf(file)]))].toSorted();
    expect(loaded).toEqual(['node:module', 'node:path', 'node:timers/promises']);
  });

  it('loads nothing heavy with the file of any command but those that edit the registries', () => {
    const commands = Object.keys(inputs).filter((file) => file.startsWith('src/cli/commands/'));
    expect(commands.length).toBeGreaterThan(35);
    const loaded = commands.map(
      (file) => [file.replace('src/cli/commands/', ''), [...packagesOf(file)].filter(isHeavy)] as const,
    );
    const slow = loaded.filter(([, packages]) => packages.some((name) => name !== 'jsonc-parser'));
    expect(slow).toEqual([]);
  });

  it('loads the Kubernetes client, the SSH client and the log library for none of health, validate and render', () => {
    for (const name of ['health', 'validate', 'render'])
      expect([...packagesOf(`src/cli/commands/${name}.ts`)].filter(isHeavy), name).toEqual([]);
  });

  it('loads nothing of the rooms that a daemon opens only where its settings name them', () => {
    const files = filesOf('src/daemon.ts');
    expect(files.size).toBeGreaterThan(100);
    const rooms = [
      'src/compose/traces/',
      'src/compose/announcements',
      'src/compose/notifications',
      'src/http/admission/',
    ];
    expect([...files].filter((file) => rooms.some((room) => file.startsWith(room)))).toEqual([]);
    const names = [...packagesOf('src/daemon.ts')];
    expect(names.filter((name) => /^(?:@opentelemetry|nodemailer|prom-client)/u.test(name))).toEqual([]);
  });
});
