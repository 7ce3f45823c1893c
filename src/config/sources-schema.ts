import * as z from 'zod';
import { objectName, optionalPath, optionalText, whole } from './leaf.ts';

const nameError = 'a name of 1 to 63 lower-case letters, digits and dashes, once in the list';
const kindError = 'one of kubernetes, directory';
const listError = 'a list of at most 32 sources, each with a name and a place of its own';

const source = z
  .strictObject({
    name: z
      .string({ error: nameError })
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, { error: nameError }),
    kind: z.enum(['kubernetes', 'directory'], { error: kindError }).default('kubernetes'),
    directory: optionalPath('Folder of manifests.'),
    kubeconfig: optionalPath('Kubeconfig file.'),
    context: optionalText('Context of the kubeconfig.'),
    namespace: objectName('kube-system', 'Namespace of the registries.'),
    priority: whole(0, { min: 0, max: 1_000 }, 'The greater one wins.'),
  })
  .refine((one) => (one.kind === 'directory') === (one.directory !== undefined), {
    error: '`directory` where kind is directory, and there alone',
  });

/** Several clusters in one controller; with none, `source` is the only one. */
export const sources = z
  .array(source, { error: listError })
  .max(32, { error: listError })
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, { error: nameError })
  .refine((list) => new Set(list.map(placeOf)).size === list.length, { error: listError })
  .default([])
  .describe(
    'Several clusters in one controller, instead of `source`: `{name, kind?, kubeconfig?, context?, namespace?, directory?, priority?}`. The first one is home: there is the cluster id, the term and our own objects. Of two entries under one name that of the greater `priority` counts, then of the name that comes first. In the file only.',
  );

function placeOf(one: z.output<typeof source>): string {
  const { kind, directory, kubeconfig, context, namespace } = one;
  return JSON.stringify([kind, directory, kubeconfig, context, namespace]);
}
