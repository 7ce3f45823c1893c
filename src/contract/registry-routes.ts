import * as z from 'zod';
import { splitSource } from '../model/registry-shares.ts';
import { registryKeys } from '../model/registry-texts.ts';
import { registryObjects } from '../model/snapshot.ts';
import { actorSchema } from './access.ts';
import type { Actor } from './controller.ts';
import { entryChangeSchema } from './history.ts';

const paths = registryObjects.flatMap((object) => registryKeys[object].map((key) => `${object}/${key}`));
const textLimit = 1_048_576;

/** Registry texts by `object/key`, of several sources by `SOURCE:object/key`; what is not there stays as it is. */
const texts = z
  .record(z.string(), z.string().max(textLimit))
  .refine((given) => Object.keys(given).every((path) => paths.includes(splitSource(path).path)), {
    error: `expected texts by path, of ${paths.join(', ')}; with several sources each after the name of its own, as in east:${paths[0] ?? ''}`,
  });

const heldSchema = z.object({ hash: z.string(), reason: z.string(), names: z.array(z.string()) });
const effect = {
  /** Public host names that some VPS serves afterwards and did not, and the reverse. */
  hostsAdded: z.array(z.string()),
  hostsRemoved: z.array(z.string()),
  /** Removals that the guard would hold. */
  held: z.array(heldSchema),
};
const findings = z.array(
  z.object({ severity: z.string(), path: z.string(), message: z.string(), remedy: z.string() }),
);

/** What is wrong with the registries. */
export const validationSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('ValidationReport'),
    source: z.object({ kind: z.string(), location: z.string() }),
    /** False where an entry is set aside, and where the source cannot be read. */
    valid: z.boolean(),
    /** Why the source cannot be read, where that is so: then the findings are those of the last good state. */
    unreadable: z.object({ reason: z.string(), remedy: z.string().nullable() }).nullable(),
    errors: z.number(),
    warnings: z.number(),
    findings,
  })
  .meta({ id: 'ValidationReport' });
export type ValidationReport = z.infer<typeof validationSchema>;

/** What an edit would do, without having been made. */
export const editPreviewSchema = validationSchema
  .extend({ kind: z.literal('EditPreview'), changes: z.array(entryChangeSchema), ...effect })
  .meta({ id: 'EditPreview' });
export type EditPreview = z.infer<typeof editPreviewSchema>;

/** What bringing a revision back has done, or would do. */
export const rollbackReportSchema = z
  .object({
    apiVersion: z.literal('sync-controller/v1'),
    kind: z.literal('RollbackReport'),
    /** The number of the revision that was asked for. */
    revision: z.number(),
    /** Whose texts it brings back, of several sources. */
    source: z.string().optional(),
    changed: z.boolean(),
    dryRun: z.boolean(),
    changes: z.array(entryChangeSchema),
    ...effect,
  })
  .meta({ id: 'RollbackReport' });
export type RollbackReport = z.infer<typeof rollbackReportSchema>;

export interface RollbackRequest {
  /** `R12`, `12`, the beginning of a digest, `latest`, `previous`; `east/R12` is the share of the source east. */
  readonly revision: string;
  /** The objects to bring back; all where it is empty. */
  readonly only: readonly (typeof registryObjects)[number][];
  readonly dryRun: boolean;
  /** Lets what the guard would hold go with it. */
  readonly approve: boolean;
  readonly actor: Actor;
}

/** What can be asked of the registries themselves. */
export interface RegistryDesk {
  validation(): Promise<ValidationReport>;
  /** What an edit to these texts would do. */
  preview(texts: Readonly<Record<string, string>>): Promise<EditPreview>;
  /** Writes an earlier revision back as a new one. */
  rollback(request: RollbackRequest): Promise<RollbackReport>;
}

const prefix = '/api/v1/registry';

/** The routes of the registries; part of the table in routes.ts. */
export const registryRoutes = {
  validation: {
    method: 'GET',
    path: `${prefix}/validation`,
    role: 'viewer',
    summary: 'What is wrong with the registries, as they were read last.',
    form: 'json',
    body: z.strictObject({}),
    answer: validationSchema,
  },
  previewEdit: {
    method: 'POST',
    path: `${prefix}/preview`,
    role: 'viewer',
    summary:
      'What an edit to these texts would set aside, serve, withdraw and have held; nothing is written.',
    form: 'json',
    body: z.strictObject({ texts }),
    answer: editPreviewSchema,
  },
  rollback: {
    method: 'POST',
    path: `${prefix}/rollback`,
    role: 'operator',
    summary:
      'Write an earlier revision back into the registries, as a new one, with a reason. Letting go what the guard would hold takes an admin.',
    form: 'json',
    body: z.strictObject({
      revision: z.string().min(1).max(128),
      only: z.array(z.enum(registryObjects)).max(4).default([]),
      dryRun: z.boolean().default(false),
      approve: z.boolean().default(false),
      actor: actorSchema,
    }),
    answer: rollbackReportSchema,
  },
} as const;
