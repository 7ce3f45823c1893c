import * as z from 'zod';
import { SyncError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';

/** `rule`: what sudo lets the login run; `key`: the line of authorized_keys. */
export type RestrictPart = 'rule' | 'key';

export interface RestrictRequest {
  /** `look` writes nothing, `grant` puts rule and line there, `withdraw` takes them out. */
  readonly action: 'look' | 'grant' | 'withdraw';
  readonly parts: readonly RestrictPart[];
  readonly cluster: string;
  /** The login through which the controller pushes, whoever the admin is. */
  readonly login: string;
  /** Base64 of the public key to look for or to grant. */
  readonly key?: string;
  /** Keys to withdraw; none named: every line of the cluster. */
  readonly others?: readonly string[];
}

/** The bytes for `bash -s`: the script and one line of tokens. A private key is never among them. */
export function encodeRestrict(script: Buffer, nonce: string, request: RestrictRequest): Buffer {
  const { action, parts, cluster, login, key = '-', others = [] } = request;
  // Whatever stands behind the script's last newline would be read as script.
  if (script.at(-1) !== 0x0a)
    throw new SyncError('internal', 'restrict-key.sh: expected a newline at its end, got none');
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/u.test(login))
    throw new SyncError(
      'data',
      `login: expected a name that sudo and the shell take alike, got ${JSON.stringify(login)}`,
      {
        remedy: 'push through a login with a plain name',
      },
    );
  const tokens = [
    ...['SCK1', nonce, action, parts.join('.'), cluster, login, key],
    others.length === 0 ? '-' : others.join(','),
  ];
  const bad = tokens.find((token) => !/^[A-Za-z0-9+/=,._@-]+$/u.test(token));
  if (bad !== undefined)
    throw new SyncError('internal', `token: expected [A-Za-z0-9+/=,._@-], got ${JSON.stringify(bad)}`);
  return Buffer.concat([script, Buffer.from(`${tokens.join(' ')}\n`)]);
}

const answerSchema = z.object({
  sc: z.literal(1),
  nonce: z.string(),
  result: z.string().max(32),
  /** What this run has written. */
  changed: z.array(z.enum(['rule', 'key'])),
  missing: z.array(z.string()),
  rule: z.boolean(),
  /** The line of the key that was asked for stands there, whole. */
  line: z.boolean(),
  /** Lines of our cluster, whosever key. */
  lines: z.number(),
  receiver: z.string(),
  kinds: z.array(z.string()),
  text: z.string(),
});

/** What the script said of the node. */
export type RestrictAnswer = z.infer<typeof answerSchema>;

/** Finds the answer that carries our nonce in everything a login wrote. */
export function decodeRestrict(stdout: Buffer, nonce: string): RestrictAnswer | undefined {
  const start = stdout.indexOf(`{"sc":1,"nonce":"${nonce}"`);
  const end = start < 0 ? -1 : stdout.indexOf(0x0a, start);
  if (end < 0) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(stdout.toString('utf8', start, end));
  } catch {
    return undefined;
  }
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) return undefined;
  return { ...parsed.data, text: printable(Buffer.from(parsed.data.text, 'base64').toString('utf8')) };
}
