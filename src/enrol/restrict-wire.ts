import * as z from 'zod';
import { SyncError } from '../lib/errors.ts';
import { answerOf, plainLogin, scriptWithTokens } from './script-wire.ts';

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
  if (!plainLogin.test(login))
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
  return scriptWithTokens(script, { name: 'restrict-key.sh', tokens, allowed: /^[A-Za-z0-9+/=,._@-]+$/u });
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
  return answerOf(stdout, nonce, answerSchema);
}
