import * as z from 'zod';
import { causes, type CauseClass } from '../model/cause.ts';
import type { Digest } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import { splitNodeId, isNodeType } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import { evidenceOf } from '../lib/text.ts';
import { unknownStatus } from './machine.ts';

/** What the evidence of a status says until this process has looked for itself. */
const unverified = 'unverified since restart';

/** What a row says of its node, as a hint. A row without a status is a node nobody has looked at yet. */
export function hintFromRow(node: Node, now: string): NodeStatus {
  const { status, lastSync, lastAttempt, lastError } = node.recorded;
  const base = {
    ...unknownStatus(node.id, lastAttempt ?? lastSync ?? now),
    lastSync,
    lastAttempt,
    lastError,
  };
  switch (status) {
    case 'active':
      return { ...base, state: 'active', cause: undefined, evidence: unverified };
    case 'error':
      return { ...base, state: 'error', evidence: unverified };
    case 'pending_sync':
      return { ...base, evidence: unverified };
    case undefined:
      return base;
  }
}

const text = z.string().max(1024);
const entrySchema = z.object({
  id: text,
  state: z.enum(['active', 'pending_sync', 'error']),
  cause: text.optional(),
  evidence: text.default(''),
  since: text,
  lastSync: text.optional(),
  lastAttempt: text.optional(),
  lastError: text.optional(),
  installed: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .optional(),
  desired: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .optional(),
  rungs: z.array(text).max(32).default([]),
  boot: text.optional(),
  failed: z.number().int().nonnegative().default(0),
});

/** A status as the JSON text of one entry of a status object. */
export function entryOf(status: NodeStatus): string {
  const {
    id,
    state,
    cause,
    evidence,
    since,
    lastSync,
    lastAttempt,
    lastError,
    installed,
    desired,
    rungs,
    bootId,
    failedPasses,
  } = status;
  const entry: z.input<typeof entrySchema> = {
    id,
    state,
    cause,
    evidence: evidenceOf(evidence),
    since,
    lastSync,
    lastAttempt,
    lastError,
    installed,
    desired,
    rungs: [...rungs],
    boot: bootId,
    failed: failedPasses,
  };
  return JSON.stringify(entry);
}

/** The status that an entry tells, as a hint; undefined where the entry is not ours to read. */
export function hintFromEntry(json: string): NodeStatus | undefined {
  const parsed = entrySchema.safeParse(parseJson(json));
  if (!parsed.success) return undefined;
  const {
    id,
    state,
    cause,
    evidence,
    since,
    lastSync,
    lastAttempt,
    lastError,
    installed,
    desired,
    rungs,
    boot,
    failed,
  } = parsed.data;
  if (!isNodeType(splitNodeId(id as NodeId).type)) return undefined;
  return {
    id: id as NodeId,
    state,
    cause: state === 'active' ? undefined : knownCause(cause),
    evidence: evidence === '' ? unverified : evidenceOf(evidence),
    since,
    lastSync,
    lastAttempt,
    lastError,
    installed: installed as Digest | undefined,
    desired: desired as Digest | undefined,
    rungs,
    bootId: boot,
    failedPasses: failed,
    hint: true,
  };
}

/** A later version may know more classes than this one. */
function knownCause(name: string | undefined): CauseClass {
  return name !== undefined && Object.hasOwn(causes, name) ? (name as CauseClass) : 'waiting_retry';
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
