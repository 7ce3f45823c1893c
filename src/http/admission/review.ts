import * as z from 'zod';
import { printable } from '../../lib/text.ts';
import type { Finding, RawObject, RegistryObject } from '../../model/snapshot.ts';
import type { ObjectNames } from '../../registry/source.ts';

const strings = z.record(z.string(), z.string()).nullish();

const configMap = z.object({
  metadata: z
    .object({
      uid: z.string().default(''),
      resourceVersion: z.string().default(''),
      annotations: strings,
    })
    .prefault({}),
  data: strings,
});

/** As much of an AdmissionReview as is looked at. */
export const reviewSchema = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1).max(256),
    operation: z.string(),
    name: z.string().default(''),
    namespace: z.string().default(''),
    resource: z.object({ group: z.string(), version: z.string(), resource: z.string() }),
    subResource: z.string().default(''),
    dryRun: z.boolean().default(false),
    object: z.unknown(),
    oldObject: z.unknown(),
  }),
});
export type Review = z.infer<typeof reviewSchema>['request'];

/** One registry object before and after. */
export interface ReviewedEdit {
  readonly before: RawObject | undefined;
  readonly after: RawObject;
}

/** Which registry a review is about; undefined for everything that is none of ours. */
export function editOf(review: Review, namespace: string, names: ObjectNames): ReviewedEdit | undefined {
  const { operation, resource, subResource } = review;
  if (review.namespace !== namespace || resource.group !== '' || resource.resource !== 'configmaps') return;
  if (subResource !== '' || !['CREATE', 'UPDATE'].includes(operation)) return;
  const [name] = Object.entries(names).find(([, called]) => called === review.name) ?? [];
  if (name === undefined) return;
  const object = name as RegistryObject;
  const after = rawOf(object, review.object);
  return after === undefined ? undefined : { after, before: rawOf(object, review.oldObject) };
}

function rawOf(name: RegistryObject, value: unknown): RawObject | undefined {
  const parsed = configMap.safeParse(value);
  if (!parsed.success) return undefined;
  const { metadata, data } = parsed.data;
  const { uid, resourceVersion, annotations } = metadata;
  return { name, uid, resourceVersion, data: data ?? {}, annotations: annotations ?? {} };
}

const shownFindings = 10;
const warningBytes = 250;

/** The answer of the API server's own form. */
export function answerTo(
  uid: string,
  { errors, warnings }: { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] },
): object {
  const allowed = errors.length === 0;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(allowed ? {} : { status: { code: 422, reason: 'Invalid', message: linesOf(errors).join('\n') } }),
      ...(warnings.length === 0 ? {} : { warnings: linesOf(warnings).map((line) => cut(line)) }),
    },
  };
}

/** As `syncctl validate` prints them. */
function linesOf(findings: readonly Finding[]): readonly string[] {
  const lines = findings
    .slice(0, shownFindings)
    .map(({ path, message, remedy }) => printable(`${path}: ${message}; ${remedy}`));
  const more = findings.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${String(more)} more`];
}

/** The API server drops warnings when they are long. */
function cut(line: string): string {
  return line.length > warningBytes ? `${line.slice(0, warningBytes - 1)}…` : line;
}
