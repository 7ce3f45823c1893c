import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { rolloutPhases } from '../../src/model/rollout.ts';
import { commandLines, commandTree, lineProblem } from '../docs/command-lines.ts';
import { suiteTitle, type Availability } from '../servers/origins.ts';
import { hasProgram } from '../support/programs.ts';
import { board, problems, rules, rulesFile, ruleTestsFile, tested } from './metrics-expressions.ts';
import { attempt, everything, failure, revision, rig } from './metrics-rig.ts';
import { registered } from '../tools/metrics-doc.ts';

/** A scrape in which as much occurs as can. */
async function scrape(perNode = true): Promise<string> {
  const { history, metrics } = rig({ status: everything(), perNode });
  history.revision(revision('r1', { d1: ['a'] }));
  history.revision(revision('r2', { d2: ['a'] }));
  history.push(failure('a', 'timeout'));
  history.push(attempt('a', 'd2'));
  return (await metrics.metricsText()).body;
}

/** Every value that a label can have. */
async function valuesByLabel(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const values = new Map<string, Set<string>>([['phase', new Set(rolloutPhases)]]);
  for (const [, label = '', value = ''] of (await scrape()).matchAll(/(\w+)="([^"]*)"/gu))
    values.set(label, (values.get(label) ?? new Set()).add(value));
  return values;
}

describe('what is exposed', () => {
  it('is exactly what is registered, each with its type and a sentence', async () => {
    const body = await scrape();
    const told = [...body.matchAll(/^# HELP (\w+) (.+)\n# TYPE \w+ (\w+)$/gmu)].map(
      ([, name, help, type]) => ({
        name,
        help,
        type,
      }),
    );
    expect(told).toEqual(registered.map(({ name, help, type }) => ({ name, help, type })));
    expect(registered.filter(({ help }) => !/^\S.{15,}[.]$/u.test(help)).map(({ name }) => name)).toEqual([]);
    expect(
      registered.filter(({ name }) => !/^(?:sync_controller|process|nodejs)_[a-z_]+$/u.test(name)),
    ).toEqual([]);
  });

  it('explains every label', () => {
    const bare = registered.flatMap(({ name, labels }) =>
      labels.filter(([, values]) => values.length < 4).map(([label]) => `${name} ${label}`),
    );
    expect(bare).toEqual([]);
  });
});

describe('the alert rules', () => {
  it.each(rules())('$alert asks only for what is exposed', async ({ expr }) => {
    expect(problems(expr, registered, await valuesByLabel())).toEqual([]);
  });

  it.each(rules())('$alert waits a while, has a severity, and names a command that exists', async (rule) => {
    expect(rule.for).toMatch(/^\d+[mh]$/u);
    expect(['critical', 'warning', 'info']).toContain(rule.labels['severity']);
    expect(rule.annotations['summary']).toMatch(/^\S.{15,}[^.]$/u);
    const commands = [...(rule.annotations['description'] ?? '').matchAll(/`([^`]+)`/gu)].map(
      (match) => match[1] ?? '',
    );
    expect(commands.some((command) => command.includes('syncctl '))).toBe(true);
    const program = await commandTree();
    expect(commands.flatMap(commandLines).flatMap((line) => lineProblem(program, line))).toEqual([]);
  });

  it.each(rules())('$alert has a test in which it fires, and one in which it still waits', ({ alert }) => {
    expect([...tested().fires]).toContain(alert);
    // Whatever fired at once would wake somebody for a hiccup.
    expect([...tested().waits]).toContain(alert);
  });

  it('have a name each', () => {
    const names = rules().map(({ alert }) => alert);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('the board', () => {
  const panels = board().panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({ ...target, panel })),
  );

  it('asks only for what is exposed', async () => {
    const values = await valuesByLabel();
    const wrong = panels.flatMap(({ panel, expr }) =>
      problems(expr, registered, values).map((problem) => `${panel.title}: ${problem}`),
    );
    expect(wrong).toEqual([]);
    expect(panels.length).toBeGreaterThan(20);
  });

  it('names in its legends only labels that the expression keeps', () => {
    const wrong = panels.flatMap(({ panel, expr, legendFormat = '' }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/gu)]
        .map((match) => match[1] ?? '')
        .filter((label) => label !== 'instance' && !new RegExp(`by \\([^)]*\\b${label}\\b`, 'u').test(expr))
        .map((label) => `${panel.title}: ${label}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no two panels in one place or under one number, and its own variables alone', () => {
    const all = board().panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const overlaps = all.flatMap((one, index) =>
      all
        .slice(index + 1)
        .filter((other) => overlap(one.gridPos, other.gridPos))
        .map((other) => `${one.title}/${other.title}`),
    );
    expect(overlaps).toEqual([]);
    const variables = new Set(board().templating.list.map(({ name }) => name));
    const used = [...JSON.stringify(board()).matchAll(/\$\{?(\w+)/gu)].map((match) => match[1] ?? '');
    expect(used.filter((name) => !variables.has(name) && !name.startsWith('__'))).toEqual([]);
  });

  it('shows every metric of ours but those of single nodes', () => {
    const shown = panels.map(({ expr }) => expr).join('\n');
    const missing = registered
      .map(({ name }) => name)
      .filter((name) => name.startsWith('sync_controller_') && !shown.includes(name));
    expect(missing.filter((name) => !name.startsWith('sync_controller_node_'))).toEqual(notShown);
  });
});

// As alerts they say more than as lines.
const notShown = [
  'sync_controller_durable_store_available',
  'sync_controller_own_network_suspected',
  'sync_controller_oldest_verification_timestamp_seconds',
];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe('the check of expressions', () => {
  it.each([
    ['sync_controller_nodez > 0', 'no metric sync_controller_nodez'],
    ['sync_controller_term_epoch_sum', 'no metric sync_controller_term_epoch_sum'],
    ['sum by (color) (sync_controller_nodes)', 'no label color'],
    ['sync_controller_nodes{cause="auth"}', 'sync_controller_nodes has no label cause'],
    ['sync_controller_nodes{state=~"active|gone"}', 'state is never gone'],
  ])('finds what is wrong with %s', async (expr, problem) => {
    expect(problems(expr, registered, await valuesByLabel())).toEqual([problem]);
  });
});

const promtool: Availability = hasProgram('promtool')
  ? { available: true }
  : { available: false, reason: 'promtool is missing', howTo: 'make packages (Debian: prometheus)' };

describe.skipIf(!promtool.available)(suiteTitle('promtool', promtool), () => {
  const run = (
    args: readonly string[],
    input = '',
  ): { readonly status: number | null; readonly said: string } => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };

  it('finds nothing wrong with the rules', () => {
    const { status, said } = run(['check', 'rules', '--lint=all', '--lint-fatal', rulesFile]);
    expect(said).toContain(`${String(rules().length)} rules found`);
    expect(status).toBe(0);
  });

  it('sees every alert fire when it is meant to, and none while all is well', () => {
    const { status, said } = run(['test', 'rules', ruleTestsFile]);
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it.each([false, true])('finds nothing wrong with a scrape (single nodes: %s)', async (perNode) => {
    expect(run(['check', 'metrics'], await scrape(perNode))).toEqual({ status: 0, said: '' });
  });

  it('would find it', async () => {
    const { status } = run(['check', 'metrics'], `${await scrape()}# TYPE a_total gauge\na_total 1\n`);
    expect(status).not.toBe(0);
  });
});
