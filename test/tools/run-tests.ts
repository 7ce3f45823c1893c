// Runs the test suites one after the other, prints each suite's time, the skipped tests, and the closing line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** A suite is a set of folders; those that need root, namespaces or test servers say so themselves by skipping. */
const suites: Readonly<Record<string, readonly string[]>> = {
  unit: [
    'test/model',
    'test/lib',
    'test/wire',
    'test/config',
    'test/plan',
    'test/status',
    'test/store',
    'test/push',
    'test/notify',
    'test/reconcile',
    'test/docs',
    'test/dashboard',
    'test/tidy.test.ts',
  ],
  sim: ['test/sim'],
  registry: ['test/registry'],
  receiver: ['test/receiver'],
  transport: ['test/transport', 'test/enrol'],
  cli: ['test/cli', 'test/http'],
  fuzz: ['test/fuzz'],
  servers: ['test/servers'],
  fleet: ['test/fleet'],
  faults: ['test/faults'],
  soak: ['test/soak'],
  e2e: ['test/e2e'],
  browser: ['test/browser'],
  packages: ['test/packages'],
};

/** What a suite needs made once on a machine; where it cannot be, its tests say so by skipping. */
const preparations: Readonly<Record<string, readonly string[]>> = {
  packages: ['bash', 'test/packages/base-root.sh'],
};

/** How deep the generated tests go. `ci` fits into CI; `nightly` and `release` are for a machine of its own. */
const tiers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ci: {},
  nightly: { SYNC_TEST_RUNS: '20', SYNC_FUZZ_ENTRIES: '200000' },
  release: { SYNC_TEST_RUNS: '100', SYNC_FUZZ_ENTRIES: '1000000' },
};
const tier = process.env['TIER'] ?? 'ci';
const depth = tiers[tier];
if (depth === undefined) {
  process.stderr.write(
    `TIER: expected one of ${Object.keys(tiers).join(', ')}, got ${JSON.stringify(tier)}\n`,
  );
  process.exit(64);
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** A failure as it is told at the end of a long run: where, and the first lines of why. */
function briefly(where: string, why: string): string {
  const lines = stripVTControlCharacters(why).split('\n').slice(0, 12);
  return [where.replace(`${process.cwd()}/`, ''), ...lines.map((line) => `    ${line.slice(0, 300)}`)].join(
    '\n',
  );
}

const wanted = process.argv.slice(2);
const chosen = Object.entries(suites).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const scratch = mkdtempSync(join(tmpdir(), 'sync-controller-tests-'));
const lines: string[] = [];
const skipped: string[] = [];
const failures: string[] = [];
let passed = 0;
let failed = 0;

for (const [name, folders] of chosen) {
  const present = folders.filter((folder) => existsSync(folder));
  if (present.length === 0) continue;
  const file = join(scratch, `${name}.json`);
  const started = performance.now();
  const [program, ...words] = preparations[name] ?? [];
  if (program !== undefined) spawnSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const run = spawnSync(
    'vitest',
    // Tests on real machines wait more than they compute: two files at a time, also on two cores.
    [
      'run',
      ...present,
      '--maxWorkers=2',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { stdio: 'inherit', env: { ...depth, ...process.env } },
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
  passed += report?.numPassedTests ?? 0;
  failed += report?.numFailedTests ?? 0;
  // A file that fails to load has no failed test of its own, and a runner that dies has no report: both are failures.
  if (run.status !== 0 && (report === undefined || report.numFailedTests === 0)) failed += 1;
  for (const result of report?.testResults ?? []) {
    // A file that fails to load says so itself; its tests were never found.
    if (result.status === 'failed' && result.message !== '')
      failures.push(briefly(result.name, result.message));
    for (const test of result.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') skipped.push(`${name}: ${test.fullName}`);
      if (test.status === 'failed')
        failures.push(briefly(`${result.name}: ${test.fullName}`, test.failureMessages.join('\n')));
    }
  }
  lines.push(
    `  ${name.padEnd(12)} ${String(seconds).padStart(5)} s  ${String(report?.numPassedTests ?? 0)} passed, ${String(report?.numFailedTests ?? 0)} failed, ${String(report?.numPendingTests ?? 0)} skipped`,
  );
}
rmSync(scratch, { recursive: true, force: true });

process.stdout.write(`\nsuites (tier ${tier}):\n${lines.join('\n')}\n`);
if (skipped.length > 0) {
  process.stdout.write(
    `\nskipped (root, namespaces or test servers are missing; \`make test-servers\` builds the servers):\n  ${skipped.join('\n  ')}\n`,
  );
}
if (failures.length > 0) {
  process.stdout.write(`\nfailed:\n  ${failures.join('\n  ')}\n`);
  // Who sees only the end of a long log still learns where to look.
  const files = Map.groupBy(failures, (failure) => failure.split(/[:\n]/u, 1)[0] ?? '');
  const counts = [...files].map(([file, those]) => `${file} (${String(those.length)})`);
  process.stdout.write(`\nfailed in: ${counts.join(', ')}\n`);
}
process.stdout.write(`\n${String(passed)} passed, ${String(failed)} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
