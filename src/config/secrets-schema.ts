import * as z from 'zod';
import { paths } from './leaf.ts';

const recipientError = 'a list of at most 32 recipients of age (age1…)';
const recipient = z
  .string({ error: recipientError })
  .regex(/^age1[02-9ac-hj-np-z]{58}$/u, { error: recipientError });

/** The section `secrets`: by what sealed values of the registries are opened, and to whom new ones are sealed. */
export const secrets = z.strictObject(
  {
    identity: paths(
      'Files of age identities (`AGE-SECRET-KEY-1…`, as `syncctl secret keygen` writes them, mode 0600) that open values which begin with `age:`. Several during a rotation.',
    ),
    recipients: z
      .array(recipient, { error: recipientError })
      .max(32, { error: recipientError })
      .default([])
      .describe(
        'Public keys (`age1…`) to which `syncctl secret encrypt` and `rotate` seal; else those of the identities.',
      ),
  },
  { error: 'a mapping of settings' },
);
