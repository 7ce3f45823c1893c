import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error the configuration is plain JavaScript
import { houseRules } from '../eslint.config.js';

const root = join(import.meta.dirname, '..');

/** What dependency-cruiser says of the src/ of a folder, by rule. */
function cruise(folder: string): { rule: string; from: string; to: string }[] {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const run = spawnSync(
    process.execPath,
    [program, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64e6 },
  );
  const parsed = JSON.parse(run.stdout) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  return parsed.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

describe('imports of src/', () => {
  it('keep the ranks and turn in no circle', () => {
    expect(cruise(root)).toEqual([]);
  });
});

describe('the guard of the imports', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ranks-'));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      '{"compilerOptions":{"module":"nodenext","allowImportingTsExtensions":true,"noEmit":true}}',
    );
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function given(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  }

  const value = 'export const x = 1;\n';
  it.each([
    ['model/a.ts', 'registry/b.ts', 'rank-1-imports-upward'],
    ['lib/a.ts', 'wire/b.ts', 'rank-1-imports-upward'],
    ['config/a.ts', 'status/b.ts', 'rank-2-imports-upward'],
    ['plan/a.ts', 'push/b.ts', 'rank-3-imports-upward'],
    ['push/a.ts', 'reconcile/b.ts', 'rank-4-imports-upward'],
    ['reconcile/a.ts', 'compose.ts', 'rank-5-imports-upward'],
    ['compose.ts', 'cli/b.ts', 'rank-6-imports-upward'],
    ['cli/a.ts', 'daemon.ts', 'rank-7-imports-upward'],
    ['status/a.ts', 'registry/b.ts', 'status-imports-its-neighbour'],
    ['store/a.ts', 'config/b.ts', 'store-imports-its-neighbour'],
    ['config-sync/a.ts', 'push/b.ts', 'config-sync-imports-its-neighbour'],
  ])('refuses %s importing %s', (from, to, rule) => {
    const up = '../'.repeat(from.split('/').length - 1) || './';
    given({
      [`src/${from}`]: `import { x } from '${up}${to}';\nexport const y = x;\n`,
      [`src/${to}`]: value,
    });
    expect(cruise(folder).map((violation) => violation.rule)).toContain(rule);
  });

  it('refuses a type import upward as well', () => {
    given({
      'src/model/a.ts': "import type { X } from '../push/b.ts';\nexport type Y = X;\n",
      'src/push/b.ts': 'export type X = 1;\n',
    });
    expect(cruise(folder).map(({ rule }) => rule)).toContain('rank-1-imports-upward');
  });

  it('refuses a circle, a folder without a rank, an import of a test and an import of nothing', () => {
    given({
      'src/lib/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
      'src/lib/b.ts': "import { a } from './a.ts';\nexport const b = a;\n",
      'src/manager/c.ts': "import { x } from '../lib/d.ts';\nexport const c = x;\n",
      'src/lib/d.ts': value,
      'src/lib/e.ts': "import { x } from '../../test/f.ts';\nexport const e = x;\n",
      'test/f.ts': value,
      'src/lib/g.ts': "import { x } from './gone.ts';\nexport const g = x;\n",
    });
    const rules = cruise(folder).map(({ rule }) => rule);
    for (const rule of ['no-circular', 'unranked', 'src-imports-test', 'unresolvable'])
      expect(rules).toContain(rule);
  });

  it('lets lower ranks and the own folder be imported', () => {
    given({
      'src/main.ts': "import { x } from './cli/a.ts';\nexport const y = x;\n",
      'src/cli/a.ts':
        "import { x } from './b.ts';\nexport const z = x;\nexport { x } from '../model/c.ts';\n",
      'src/cli/b.ts': value,
      'src/model/c.ts': value,
    });
    expect(cruise(folder)).toEqual([]);
  });
});

describe('the rules of the house', () => {
  const linter = new Linter({ cwd: root });
  const rulesOf = (file: string, text: string): string[] =>
    linter
      .verify(
        text,
        [
          { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },
          ...(houseRules as Linter.Config[]),
        ],
        { filename: join(root, file) },
      )
      .map(({ ruleId }) => ruleId ?? 'none');

  it.each([
    ['src/push/x.ts', 'export const x = Date.now();\n', 'no-restricted-properties'],
    ['src/push/x.ts', 'export const x = performance.now();\n', 'no-restricted-properties'],
    ['src/plan/x.ts', 'export const x = Math.random();\n', 'no-restricted-properties'],
    ['src/status/x.ts', 'export const x = new Date();\n', 'no-restricted-syntax'],
    ['src/model/x.ts', 'export enum X { A }\n', 'no-restricted-syntax'],
    ['src/lib/x.ts', 'export enum X { A }\n', 'no-restricted-syntax'],
    ['src/plan/x.ts', 'export const x = async () => 1;\n', 'no-restricted-syntax'],
    ['src/plan/x.ts', 'export async function x() { await 1; }\n', 'no-restricted-syntax'],
    ['src/plan/x.ts', 'export const x = () => new Promise(() => 1);\n', 'no-restricted-syntax'],
    ['src/cli/x.ts', 'export default 1;\n', 'no-restricted-exports'],
    ['test/x.test.ts', 'const x = 1;\nexport { x as default };\n', 'no-restricted-exports'],
    [
      'src/cli/x.ts',
      "import { spawn } from 'node:child_process';\nexport { spawn };\n",
      'no-restricted-imports',
    ],
    ['src/lib/x.ts', "import { spawn } from 'child_process';\nexport { spawn };\n", 'no-restricted-imports'],
    ['src/cli/x.ts', '// line\n'.repeat(301), 'max-lines'],
    ['src/cli/x.ts', `export function f() {\n${'  g();\n'.repeat(51)}}\n`, 'max-lines-per-function'],
    ['src/cli/x.ts', 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];\n', 'max-params'],
  ])('refuse in %s: %j', (file, text, rule) => {
    expect(rulesOf(file, text)).toContain(rule);
  });

  it.each([
    ['src/lib/clock.ts', 'export const x = Date.now();\nexport const y = new Date();\n'],
    ['src/status/x.ts', 'export const x = (ms: number) => new Date(ms);\n'],
    ['src/lib/exec.ts', "import { spawn } from 'node:child_process';\nexport { spawn };\n"],
    ['src/transport/x.ts', "import { spawn } from 'node:child_process';\nexport { spawn };\n"],
    ['src/push/x.ts', 'export const x = async () => { await 1; };\n'],
    ['test/x.test.ts', 'export const x = Date.now();\n'],
  ])('allow in %s: %j', (file, text) => {
    expect(rulesOf(file, text)).toEqual([]);
  });
});

/** Every file of a folder of the repository, relative to it. */
function filesOf(folder: string): string[] {
  const start = join(root, folder);
  return statSync(start, { throwIfNoEntry: false }) === undefined
    ? []
    : readdirSync(start, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

describe('names', () => {
  const ours = [
    ...filesOf('src'),
    ...filesOf('test').filter((name) => !/^test\/(?:cases|servers)\//u.test(name)),
  ];

  it('of files are kebab-case', () => {
    expect(
      ours
        .filter((name) => name.endsWith('.ts'))
        .filter((name) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/u.test(name)),
    ).toEqual([]);
  });

  it('of files say what they do', () => {
    expect(ours.filter((name) => /(?:manager|helper|util)s?[.-]/u.test(name))).toEqual([]);
  });
});
