import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Described } from '../../src/http/metrics/instruments.ts';

const root = join(import.meta.dirname, '..', '..');
export const rulesFile = join(root, 'deploy/prometheus/sync-controller.rules.yml');
export const ruleTestsFile = join(root, 'deploy/prometheus/tests/sync-controller.test.yml');
export const boardFile = join(root, 'deploy/grafana/sync-controller.json');

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Every alert rule. */
export function rules(): readonly Rule[] {
  const file = parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: Rule[] }[] };
  return file.groups.flatMap((group) => group.rules);
}

/** Alerts that a rule test expects to fire, and those that it expects not to at some moment. */
export function tested(): { readonly fires: ReadonlySet<string>; readonly waits: ReadonlySet<string> } {
  const file = parse(readFileSync(ruleTestsFile, 'utf8')) as {
    tests: { alert_rule_test?: { alertname: string; exp_alerts?: unknown[] }[] }[];
  };
  const all = file.tests.flatMap((test) => test.alert_rule_test ?? []);
  const named = (fires: boolean): ReadonlySet<string> =>
    new Set(all.filter((one) => (one.exp_alerts ?? []).length > 0 === fires).map((one) => one.alertname));
  return { fires: named(true), waits: named(false) };
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
}

export interface Board {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
}

export function board(): Board {
  return JSON.parse(readFileSync(boardFile, 'utf8')) as Board;
}

// What Prometheus itself adds to every series.
const scraped = ['instance', 'job', 'pod'];

/**
 * What is wrong with an expression: metrics that nobody exposes, labels that they do not have, values that never occur. It reads only
 * what rules and boards of ours use of the language; promtool checks the grammar.
 */
export function problems(
  expr: string,
  known: readonly Described[],
  values: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const names = [...expr.matchAll(/\b(?:sync_controller|process|nodejs)_\w+/gu)].map(([name]) => name);
  const metrics = names.map((name) => ({ name, metric: metricOf(name, known) }));
  const unknown = metrics.filter(({ metric }) => metric === undefined).map(({ name }) => `no metric ${name}`);
  const labels = new Set([...scraped, 'le', ...metrics.flatMap(({ metric }) => labelsOf(metric))]);
  const grouped = [...expr.matchAll(/\b(?:by|without|on) \(([^)]*)\)/gu)].flatMap((match) =>
    wordsIn(match[1] ?? ''),
  );
  const strange = grouped.filter((label) => !labels.has(label)).map((label) => `no label ${label}`);
  const matched = [...expr.matchAll(/(\w+)\{([^}]*)\}/gu)].flatMap((match) =>
    [...(match[2] ?? '').matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/gu)].flatMap(([, label = '', , value = '']) => {
      if (scraped.includes(label)) return [];
      if (!labelsOf(metricOf(match[1] ?? '', known)).includes(label))
        return [`${match[1] ?? ''} has no label ${label}`];
      return value
        .split('|')
        .filter((one) => values.get(label)?.has(one) !== true)
        .map((one) => `${label} is never ${one}`);
    }),
  );
  return [...unknown, ...strange, ...matched];
}

function metricOf(name: string, known: readonly Described[]): Described | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/u, '');
  return known.find((one) => one.name === name || (one.type === 'histogram' && one.name === base));
}

function labelsOf(metric: Described | undefined): readonly string[] {
  return metric?.labels.map(([label]) => label) ?? [];
}

function wordsIn(list: string): readonly string[] {
  return list.split(',').map((word) => word.trim());
}
