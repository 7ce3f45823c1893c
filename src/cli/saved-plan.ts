import { createHash } from 'node:crypto';
import { readLimited, writeAtomic } from '../lib/files.ts';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import {
  savedPlanSchema,
  type ExpectedPlan,
  type PlanApproval,
  type SavedPlan,
} from '../contract/saved-plan.ts';
import type { PlanReport } from '../contract/report.ts';
import type { Call } from './call.ts';

const limitBytes = 16_777_216;

/** Writes what `plan` found as a file that `push --plan` takes, readable by its owner alone. */
export async function savePlan(
  call: Call,
  path: string,
  plan: { readonly report: PlanReport; readonly approvals: readonly PlanApproval[] },
): Promise<SavedPlan> {
  const { report, approvals } = plan;
  const actor = call.actor(call.text('reason'));
  const { kind, location } = (await call.source()).health();
  const body = {
    apiVersion: 'sync-controller/v1',
    kind: 'SavedPlan',
    created: isoSeconds(call.context.clock.now()),
    who: actor.who,
    why: actor.reason ?? null,
    source: `${kind} ${location}`,
    summary: { changes: report.changes, inSync: report.inSync, unknown: report.unknown },
    revision: report.revision ?? '',
    ...(report.policy === undefined ? {} : { policy: report.policy }),
    ...(report.release === undefined ? {} : { release: report.release }),
    nodes: report.nodes.map(({ node, name, state, wanted, observed }) => ({
      node,
      name,
      wanted: wanted ?? null,
      observed: state === 'unknown' ? null : (observed ?? null),
      changes: state === 'changes',
    })),
    approvals: [...approvals],
    held: report.held,
  } as const satisfies Omit<SavedPlan, 'sha256'>;
  const saved: SavedPlan = { ...body, sha256: planDigest(body) };
  try {
    writeAtomic(path, `${JSON.stringify(saved, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new SyncError('permission', `--out: expected a file that can be written, got ${path}`, {
      remedy: 'name a file in a folder of yours',
      cause: error,
    });
  }
  return saved;
}

/**
 * Reads a saved plan.
 * @throws SyncError `data` where it is no plan, or was changed after it was saved.
 */
export async function readPlan(path: string): Promise<SavedPlan> {
  const bytes = await readLimited(path, limitBytes).catch(() => undefined);
  if (bytes === undefined)
    throw new SyncError('notFound', `--plan: expected a readable file, got ${path}`, {
      remedy: 'make one with: syncctl plan --out FILE',
    });
  const parsed = savedPlanSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw refused(path, 'another form', parsed.error);
  const { sha256, ...body } = parsed.data;
  if (sha256 !== planDigest(body)) throw refused(path, 'one that was changed after it was saved');
  return parsed.data;
}

/** What a push of the plan expects of the world. */
export function expectedOf({ revision, policy, release, nodes, approvals }: SavedPlan): ExpectedPlan {
  return {
    revision,
    ...(policy === undefined ? {} : { policy }),
    ...(release === undefined ? {} : { release }),
    nodes,
    approvals,
  };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function refused(path: string, found: string, cause?: unknown): SyncError {
  return new SyncError('data', `${path}: expected a plan as syncctl plan --out saves it, got ${found}`, {
    remedy: 'make a new one: syncctl plan --out FILE',
    cause,
  });
}

/** The digest of a plan: over its content, whatever order its keys stand in. */
export function planDigest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`;
}
