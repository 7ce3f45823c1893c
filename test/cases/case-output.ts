import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetKind } from '../../src/model/bundle.ts';
import type { FleetPlan } from '../../src/model/plan.ts';
import type { RawObject, RegistryObject, Snapshot } from '../../src/model/snapshot.ts';
import { applyGuard, orphans } from '../../src/plan/guard.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { casePath } from './case-folder.ts';

export const clusterId = 'cluster-0001';

/** Everything a case comes to. */
export interface CaseResult {
  readonly base: Snapshot | undefined;
  readonly snapshot: Snapshot;
  readonly effective: Snapshot;
  readonly plan: FleetPlan;
}

/** Names are the same for all nodes; routes are told apart by address. */
const fileNames: Readonly<Record<TargetKind, (address: string) => string>> = {
  hosts: () => 'hosts',
  'traefik-routes': (address) => `${address}.yml`,
  'dnsmasq-hosts': () => 'dnsmasq-hosts',
  'caddy-routes': (address) => `${address}.caddy`,
};

type Objects = ReadonlyMap<RegistryObject, RawObject>;

/** Runs the pure core: parse, guard, plan. */
export function decide(before: Objects | undefined, now: Objects): CaseResult {
  const base =
    before === undefined
      ? undefined
      : applyGuard(undefined, parseRegistries(before, undefined), new Set()).effective;
  const snapshot = parseRegistries(now, base);
  const { effective, held } = applyGuard(base, snapshot, new Set());
  return { base, snapshot, effective, plan: planFleet(effective, clusterId, held) };
}

/** The result as files: what a reader of the case wants to see. */
export function filesOf({ base, snapshot, effective, plan }: CaseResult): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const put = (name: string, lines: readonly string[]): void => {
    if (lines.length > 0) files.set(name, `${lines.join('\n')}\n`);
  };
  for (const { node, bundles } of plan.nodes.values()) {
    for (const bundle of bundles) {
      const address = node.address.replaceAll(':', '_');
      files.set(fileNames[bundle.kind](address), bundle.bytes);
    }
  }
  put(
    'findings.txt',
    snapshot.findings.map(({ severity, path, message }) => `${severity} ${path}: ${message}`),
  );
  put(
    'held.txt',
    plan.held.map(({ kind, hash, reason, names }) => `${kind} ${hash}: ${reason}: ${names.join(', ')}`),
  );
  put('orphans.txt', orphans(base, effective));
  put(
    'no-plan.txt',
    [...plan.nodes.values()]
      .filter((node) => node.reason !== undefined)
      .map(({ id, reason }) => `${id}: ${reason ?? ''}`),
  );
  put('flags.txt', [
    ...(effective.additionsOnly ? ['additions only'] : []),
    ...snapshot.paused.map((object) => `paused ${object}`),
  ]);
  return files;
}

/** The files a case expects. */
export function expectedOf(name: string): ReadonlyMap<string, string> {
  const folder = casePath(name, 'expected');
  if (!existsSync(folder)) return new Map();
  return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

/** Writes the files of a case anew, for a person to read before they are committed. */
export function rewriteExpected(name: string, files: ReadonlyMap<string, string>): void {
  const folder = casePath(name, 'expected');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
}
