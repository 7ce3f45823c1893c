import * as z from 'zod';
import { nodeTypeNames } from '../model/node-types.ts';
import { millis, whole } from './leaf.ts';

const nameError = 'a name of 1 to 63 lower-case letters, digits, dots and dashes, once in the list';
const urlError = 'an http or https URL without a user and password in it';
const fileError = 'an absolute path';
const hostError = 'a host name or an address';
const mailsError = 'a list of 1 to 32 mail addresses';
const mailError = 'a mail address such as ops@example.com';

const name = z.string({ error: nameError }).regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/u, {
  error: nameError,
});

const url = z.string({ error: urlError }).max(2048, { error: urlError }).refine(isPlainUrl, {
  error: urlError,
});

/** Secrets are named by their file: a settings file is copied, shown and put into bundles. */
const file = z
  .string({ error: fileError })
  .regex(/^\/\P{Cc}*$/u, { error: fileError })
  .max(4096, { error: fileError })
  .optional();

const mail = z
  .string({ error: mailError })
  .regex(/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$/u, { error: mailError });

const timeoutMs = millis(10_000, 'One delivery ends by then.');

const webhook = z.strictObject({
  name,
  kind: z.literal('webhook'),
  url,
  secretFile: file,
  tokenFile: file,
  timeoutMs,
});
const slack = z
  .strictObject({ name, kind: z.literal('slack'), url: url.optional(), secretFile: file, timeoutMs })
  .refine((target) => (target.url === undefined) !== (target.secretFile === undefined), {
    error: 'either `url`, or `secretFile` with the URL as its content',
  });
const ntfyError = 'the URL of a topic such as https://ntfy.sh/my-topic';
const ntfy = z.strictObject({
  name,
  kind: z.literal('ntfy'),
  url: url.refine((text) => isPlainUrl(text) && /\/[\w-]{1,64}$/u.test(new URL(text).pathname), {
    error: ntfyError,
  }),
  secretFile: file,
  timeoutMs,
});
const portError = 'a whole number from 1 to 65535';
const tlsError = 'one of starttls, tls, none';
const smtp = z
  .strictObject({
    name,
    kind: z.literal('smtp'),
    host: z.string({ error: hostError }).regex(/^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$/u, { error: hostError }),
    port: z
      .number({ error: portError })
      .int({ error: portError })
      .min(1, { error: portError })
      .max(65_535, { error: portError })
      .optional(),
    tls: z.enum(['starttls', 'tls', 'none'], { error: tlsError }).default('starttls'),
    user: z
      .string({ error: 'a text of 1 to 256 characters' })
      .regex(/^\P{Cc}{1,256}$/u, { error: 'a text of 1 to 256 characters' })
      .optional(),
    secretFile: file,
    from: mail,
    to: z.array(mail, { error: mailsError }).min(1, { error: mailsError }).max(32, { error: mailsError }),
    timeoutMs,
  })
  .refine((target) => (target.user === undefined) === (target.secretFile === undefined), {
    error: '`user` and `secretFile` together, or none of them',
  })
  .refine((target) => target.tls !== 'none' || target.secretFile === undefined, {
    error: '`tls` other than none where there is a password',
  });

const targetError = 'a mapping with `kind`: webhook, slack, ntfy or smtp';
const targetsError = 'a list of at most 16 targets, each with a name of its own';

/** One place that messages go to. */
const target = z.discriminatedUnion('kind', [webhook, slack, ntfy, smtp], { error: targetError });

const typesError = `a list of node types (${nodeTypeNames.join(', ')})`;

/** The section `notify`: who is told of what, and how often. */
export const notify = z.strictObject(
  {
    targets: z
      .array(target, { error: targetsError })
      .max(16, { error: targetsError })
      .refine((list) => new Set(list.map((one) => one.name)).size === list.length, { error: targetsError })
      .default([])
      .describe(
        'Where messages go: `{name, kind: webhook, url, secretFile?, tokenFile?}`, `{name, kind: slack, url | secretFile}`, `{name, kind: ntfy, url, secretFile?}`, `{name, kind: smtp, host, from, to, port?, tls?, user?, secretFile?}`; each with `timeoutMs`. Secrets stand in files that others cannot read. In the file only.',
      ),
    groupMs: millis(
      10_000,
      'A failure that lasts this long is told, together with all that fail by its cause.',
    ),
    pendingMs: millis(
      300_000,
      'A node that is `pending_sync` (offline, or failing and tried again) is told after this long; `error` does not wait.',
    ),
    quietMs: millis(60_000, 'An incident is over once nothing of it has failed for this long.'),
    joinMs: millis(
      7_200_000,
      'What fails by the same cause later than this after the last one is an incident of its own.',
    ),
    flapCount: whole(5, { min: 2, max: 100 }, 'A node that fails anew this often …'),
    flapWindowMs: millis(1_800_000, '… within this time is told once as flapping …'),
    stableMs: millis(900_000, '… and is silent until nothing has changed for this long.'),
    names: whole(10, { min: 1, max: 30 }, 'Nodes that one message names; the others are a number.'),
    offlineTypes: z
      .array(z.enum(nodeTypeNames, { error: typesError }), { error: typesError })
      .max(32, { error: typesError })
      .default(nodeTypeNames.filter((type) => type !== 'management_laptops'))
      .describe('Node types whose absence is an incident; a closed laptop is none.'),
    ignoreCauses: z
      .array(
        z
          .string({ error: 'a list of cause classes' })
          .regex(/^[a-z_]{1,40}$/u, { error: 'a list of cause classes' }),
        { error: 'a list of cause classes' },
      )
      .max(64, { error: 'a list of cause classes' })
      .default([])
      .describe('Cause classes that are never told; docs/errors.md lists them.'),
  },
  { error: 'a mapping of settings' },
);

/** The section as the notifier takes it. */
export type NotifySettings = z.output<typeof notify>;
/** One entry of `notify.targets`. */
export type TargetSettings = z.output<typeof target>;

function isPlainUrl(text: string): boolean {
  const parsed = URL.parse(text);
  return (
    parsed !== null &&
    (parsed.protocol === 'http:' || parsed.protocol === 'https:') &&
    parsed.username === '' &&
    parsed.password === ''
  );
}
