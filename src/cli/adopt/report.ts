import { remedyFor } from '../../model/cause.ts';
import { isHeld, targetChange } from '../../plan/predecessor-target.ts';
import { predecessorUnit } from '../../enrol/takeover/predecessor.ts';
import type { AdoptionStep } from '../../enrol/takeover/step.ts';
import { apiVersion } from '../output/structured.ts';
import { listed } from '../output/progress.ts';
import { writerText } from '../doctor/foreign-writers.ts';
import { counted } from '../words.ts';
import type { AdoptionGround, NodeGround } from './ground.ts';

/** The written contract of `adopt --dry-run -o json`: the whole adoption, before anything is done. */
export function planReport(ground: AdoptionGround, steps: readonly AdoptionStep[]) {
  const { predecessor, snapshot, firstTexts } = ground;
  return {
    apiVersion,
    kind: 'AdoptionPlan',
    predecessor: {
      unit: predecessor.unit === undefined ? null : { name: predecessorUnit, ...predecessor.unit },
      strays: predecessor.strays,
      checkouts: predecessor.checkouts,
      localRegistry: predecessor.localRegistry ?? null,
    },
    registries: {
      missing: [...new Set(firstTexts.map(({ object }) => object))],
      findings: snapshot.findings,
    },
    nodes: ground.nodes.map((one) => nodeReport(ground, one)),
    steps: steps.map(({ id, what, undo }) => ({ step: id, what, undo })),
  } as const;
}

export type AdoptionPlan = ReturnType<typeof planReport>;
type PlannedNode = AdoptionPlan['nodes'][number];

function nodeReport({ plan }: AdoptionGround, { node, seen, newKeys }: NodeGround) {
  const { id, name, type, address } = node;
  const bundles = plan.nodes.get(id)?.bundles ?? [];
  const survey = seen.ok ? seen.survey : undefined;
  return {
    ...{ node: id, name, type, address, reachable: seen.ok },
    cause: seen.ok ? null : seen.cause,
    evidence: seen.ok ? '' : seen.evidence,
    remedy: seen.ok ? null : remedyFor(seen.cause, node),
    files: bundles.flatMap((bundle) => {
      const file = survey?.files.find(({ kind }) => kind === bundle.kind);
      if (file === undefined) return [];
      const change = targetChange(bundle.kind, file.text ?? '', bundle.bytes);
      return [
        { path: file.path, exists: file.sha !== 'absent', same: isHeld(bundle, file.text ?? ''), ...change },
      ];
    }),
    scripts: survey?.scripts ?? [],
    callers: survey?.callers ?? [],
    foreignWriters: survey?.writers ?? [],
    newKeys: newKeys.map(({ key, fingerprint, source }) => ({
      type: key.split(' ')[0] ?? '',
      fingerprint,
      source,
    })),
  };
}

/** The same for people. */
export function planText({ predecessor, registries, nodes, steps }: AdoptionPlan): string {
  const { unit, strays, checkouts } = predecessor;
  const lines = [
    'The predecessor on this machine:',
    unit === null
      ? `  ${predecessorUnit}: not found`
      : `  ${unit.file}: ${unit.active ? 'running' : 'not running'}, ${unit.enabled ? 'enabled' : 'not enabled'}`,
    ...strays.map(({ pid, command }) => `  started by hand, pid ${String(pid)}: ${command}`),
    ...checkouts.map(
      ({ path, entries }) =>
        `  ${path}: ${counted(entries.filter(({ becomes }) => becomes === 'shim').length, 'script')} will call syncctl, ${String(entries.filter(({ becomes }) => becomes === 'disarmed').length)} will do nothing`,
    ),
    'Registries:',
    registries.missing.length === 0
      ? '  all are there and stay as they are'
      : `  created: ${registries.missing.join(', ')}${predecessor.localRegistry === null ? '' : `; nodes from ${predecessor.localRegistry}`}`,
    ...registries.findings.map(({ path, message }) => `  set aside: ${path}: ${message}`),
    'Nodes:',
    ...nodes.flatMap(nodeLines),
    'Steps:',
    ...steps.flatMap(({ what, undo }) => [`  ${what}`, `    undo: ${undo}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function nodeLines(node: PlannedNode): readonly string[] {
  const {
    name,
    address,
    reachable,
    cause,
    evidence,
    remedy,
    files,
    scripts,
    callers,
    foreignWriters,
    newKeys,
  } = node;
  const armed = scripts.filter((script) => script.armed).map(({ path }) => path);
  return [
    `  ${name} (${address})${reachable ? '' : `: ${cause ?? ''}: ${evidence}; ${remedy ?? ''}`}`,
    ...newKeys.map(
      ({ type, fingerprint, source }) => `    host key to pin: ${type} ${fingerprint} (${source})`,
    ),
    ...files.flatMap(fileLines),
    ...armed.map((path) => `    disarmed: ${path}`),
    ...callers.map((path) => `    calls the old scripts by itself: ${path}`),
    ...foreignWriters.map(
      (writer) => `    foreign_writer: ${writerText(writer).message}; ${writerText(writer).remedy}`,
    ),
  ];
}

function fileLines({
  path,
  exists,
  same,
  lost,
  changed,
  added,
  legacy,
}: PlannedNode['files'][number]): readonly string[] {
  if (same) return [`    ${path}: holds what would be pushed`];
  const names = (word: string, all: readonly string[]): readonly string[] =>
    all.length === 0 ? [] : [`      ${word}: ${listed(all)}`];
  return [
    `    ${path}: ${exists ? 'is rewritten' : 'is made'}${legacy.length === 0 ? '' : `, and what the old tools wrote goes (${listed(legacy)})`}`,
    ...names('LOST', lost),
    ...names('changed', changed),
    ...names('added', added),
  ];
}
