import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { readLimited, writeAtomic } from '../lib/files.ts';
import { isNodeType, splitNodeId, type NodeId } from '../model/node.ts';
import type { Alert } from './alert.ts';
import type { Incident } from './incident.ts';
import { conditionOf, type SubjectId } from './trouble.ts';

/** What survives a restart: incidents that were told and are not over, and what each target has not got yet. */
export interface Remembered {
  readonly incidents: readonly Incident[];
  readonly waiting: ReadonlyMap<string, readonly Alert[]>;
}

/** The way to the memory. Losing it costs one more alert for what still fails, and the recoveries of what is over. */
export interface NotifyMemory {
  /** @throws where it is damaged; nothing is remembered then. */
  load(): Promise<Remembered>;
  save(remembered: Remembered): Promise<void>;
}

const limitBytes = 16_777_216;
const text = z.string().max(2_048);
const subjectId = text.refine((id) => isSubject(id)).transform((id) => id as SubjectId);

const incidentSchema = z.object({
  id: text,
  topic: text,
  since: z.number(),
  peak: z.number().int().nonnegative(),
  first: z.object({
    id: subjectId,
    cause: text,
    meaning: text,
    evidence: text,
    remedy: text.optional(),
  }),
  members: z.array(subjectId),
  seen: z.array(subjectId),
});

const alertSchema = z.object({
  apiVersion: z.literal('sync-controller/v1'),
  kind: z.literal('Alert'),
  incident: text,
  status: z.enum(['firing', 'resolved', 'test']),
  cause: text,
  summary: text,
  nodes: z.array(text).max(100),
  count: z.number(),
  evidence: text,
  remedy: text,
  since: text,
  at: text,
  cluster: text,
}) satisfies z.ZodType<Alert>;

const fileSchema = z.object({
  version: z.literal(1),
  incidents: z.array(incidentSchema),
  waiting: z.record(z.string(), z.array(alertSchema).max(1_000)),
});

/** Keeps the memory in `notify.json` of the state directory. */
export function fileMemory(stateDirectory: string): NotifyMemory {
  const path = join(stateDirectory, 'notify.json');
  return {
    load: async () => {
      const bytes = await readLimited(path, limitBytes);
      return bytes === undefined ? nothing : decode(JSON.parse(bytes.toString('utf8')));
    },
    save: async (remembered) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      writeAtomic(path, JSON.stringify(encode(remembered)), { mode: 0o600 });
    },
  };
}

/** An empty memory. */
export const nothing: Remembered = { incidents: [], waiting: new Map() };

function encode({ incidents, waiting }: Remembered): z.input<typeof fileSchema> {
  return {
    version: 1,
    incidents: incidents.map(({ id, topic, sinceMs, peak, first, members, seen }) => {
      const { cause, meaning, evidence, remedy } = first.trouble;
      return {
        id,
        topic,
        since: sinceMs,
        peak,
        first: { id: first.id, cause, meaning, evidence, remedy },
        members: [...members],
        seen: [...seen],
      };
    }),
    waiting: Object.fromEntries([...waiting].map(([name, alerts]) => [name, alerts.map(copy)])),
  };
}

function decode(value: unknown): Remembered {
  const { incidents, waiting } = fileSchema.parse(value);
  return {
    incidents: incidents.map(({ id, topic, since, peak, first, members, seen }) => ({
      id,
      topic,
      sinceMs: since,
      first: { id: first.id, trouble: { ...first, topic, remedy: first.remedy, waits: false } },
      members: new Set(members),
      seen: new Set(seen),
      peak,
      joinedAt: 0,
      emptyAt: undefined,
    })),
    waiting: new Map(Object.entries(waiting)),
  };
}

function copy(alert: Alert): z.input<typeof alertSchema> {
  return { ...alert, nodes: [...alert.nodes] };
}

/** A later version may know more types and conditions than this one. */
function isSubject(id: string): boolean {
  return conditionOf(id as SubjectId) !== undefined || isNodeType(splitNodeId(id as NodeId).type);
}
