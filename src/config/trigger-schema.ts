import * as z from 'zod';
import { flag, optionalPath, whole } from './leaf.ts';
import { isWholePair, networks, place, wholePair } from './listener-leaf.ts';

const error = 'a mapping of settings';
const variableError =
  'the name of an environment variable in capitals that does not begin with SYNC_CONTROLLER_, or null';

/** Calls from outside that ask for a look. */
export const webhook = z
  .strictObject(
    {
      secretFile: optionalPath(
        'File of the secret that signs calls of `POST /api/webhook` on the API’s address; others may not read it. Without it or `secretVariable` there is no such path.',
      ),
      secretVariable: z
        .string({ error: variableError })
        .regex(/^(?!SYNC_CONTROLLER_)[A-Z][A-Z0-9_]{0,127}$/u, { error: variableError })
        .nullable()
        .default(null)
        .transform((value) => value ?? undefined)
        .describe('Environment variable of the daemon that holds the secret, instead of a file.'),
      timestamped: flag(
        false,
        'Refuse calls whose signature covers no `X-Signature-Timestamp`; GitHub and its kin send none.',
      ),
      maxBytes: whole(
        1_048_576,
        { min: 1, max: 26_214_400 },
        'A call with a longer body is refused; what it says is not read, only its signature is checked.',
      ),
      requestsPerMinute: whole(
        60,
        { min: 1, max: 100_000 },
        'Calls that are answered in a minute, from all addresses together.',
      ),
    },
    { error },
  )
  .refine(({ secretFile, secretVariable }) => secretFile === undefined || secretVariable === undefined, {
    error: '`secretFile` or `secretVariable`, not both of them',
  });

/** The validating admission webhook of Kubernetes. */
export const admission = z
  .strictObject(
    {
      listen: place(
        'off',
        ['127.0.0.1:9441', '[::1]:9441'],
        'Where the API server asks whether an edit of a registry is sound; `off` for nowhere. `syncctl admission manifest` prints what makes it ask.',
      ),
      certificate: optionalPath(
        'PEM file of the certificate chain; else `admission.crt` of the state directory, which `syncctl admission manifest` makes.',
      ),
      key: optionalPath('PEM file of its private key; else `admission.key` of the state directory.'),
      allowFrom: networks('Networks from which the API server may ask.'),
      requestsPerMinute: whole(
        600,
        { min: 1, max: 1_000_000 },
        'Reviews that one address may ask for in a minute; further ones are let through unjudged.',
      ),
    },
    { error },
  )
  .refine(isWholePair, wholePair);

/** What is written beside the registries on Kubernetes. */
export const announce = z.strictObject(
  {
    events: flag(
      true,
      'Tell Events of Kubernetes on the registries: `Applied`, `Quarantined`, `Withheld`. Nothing on a directory.',
    ),
    annotation: flag(
      true,
      'Keep the annotation `sync-controller/applied-revision` on the registries. Nothing on a directory.',
    ),
  },
  { error },
);
