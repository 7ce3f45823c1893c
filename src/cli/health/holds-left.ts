import { join } from 'node:path';
import type * as z from 'zod';
import type { Settings } from '../../config/settings.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Node, NodeId } from '../../model/node.ts';
import { isOpen } from '../../plan/rollout-record.ts';
import { driftReport, holdReport, recordReport } from '../../reconcile/rollout-report.ts';
import { CopyFile } from '../../store/copy-file.ts';
import { pauseSchema } from '../../store/decisions.ts';
import { rulesSchema } from '../../store/drift.ts';
import { recordOf, recordSchema } from '../../store/rollouts.ts';
import type { Holds } from './report.ts';

/** What an earlier run has left that holds pushes back; it lies beside the database, and no lock is needed to read it. */
export async function holdsLeft(
  settings: Settings,
  nodes: ReadonlyMap<NodeId, Node>,
  clock: Clock,
): Promise<Holds> {
  const { stateDirectory } = settings.daemon;
  const pauses = (await read(join(stateDirectory, 'pauses.json'), pauseSchema)) ?? [];
  const rules = (await read(join(stateDirectory, 'drift.json'), rulesSchema)) ?? [];
  const found = await read(join(stateDirectory, 'rollout.json'), recordSchema);
  const record = found === undefined ? undefined : recordOf(found);
  const now = clock.now();
  const left = pauses.filter(({ expires }) => expires === undefined || Date.parse(expires) > now);
  const begun = (starts: string | undefined): boolean => starts === undefined || Date.parse(starts) <= now;
  const report = ({ scope, who, why, since, expires, starts }: (typeof left)[number]) =>
    holdReport({ scope, who, why, since, expires, starts }, nodes);
  return {
    holds: left.filter(({ starts }) => begun(starts)).map(report),
    windows: left.filter(({ starts }) => !begun(starts)).map(report),
    rollout: record !== undefined && isOpen(record) ? recordReport(record) : null,
    drift: rules
      .filter(({ mode }) => mode !== 'correct')
      .map(({ node, mode, who, why, since }) =>
        driftReport({ node: node as NodeId, mode, who, why, since }, nodes),
      ),
  };
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const copy = await new CopyFile(path, schema).read().catch(() => undefined);
  return copy?.state === 'read' ? copy.value : undefined;
}
