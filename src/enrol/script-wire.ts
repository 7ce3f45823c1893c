import type * as z from 'zod';
import { SyncError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';

/** Names of logins that a node's shell may look up. */
export const plainLogin = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/u;

/** The bytes for `bash -s`: a script and one line of tokens for it; what it counts may follow. */
export function scriptWithTokens(
  script: Buffer,
  {
    name,
    tokens,
    allowed,
  }: { readonly name: string; readonly tokens: readonly string[]; readonly allowed: RegExp },
): Buffer {
  // Whatever stands behind the script's last newline would be read as script.
  if (script.at(-1) !== 0x0a)
    throw new SyncError('internal', `${name}: expected a newline at its end, got none`);
  const bad = tokens.find((token) => !allowed.test(token));
  if (bad !== undefined)
    throw new SyncError(
      'internal',
      `token of ${name}: expected ${allowed.source}, got ${JSON.stringify(bad)}`,
    );
  return Buffer.concat([script, Buffer.from(`${tokens.join(' ')}\n`)]);
}

/** Finds the answer that carries our nonce in everything a login wrote, and reads its text. */
export function answerOf<T extends { readonly text: string }>(
  stdout: Buffer,
  nonce: string,
  schema: z.ZodType<T>,
): T | undefined {
  const start = stdout.indexOf(`{"sc":1,"nonce":"${nonce}"`);
  const end = start < 0 ? -1 : stdout.indexOf(0x0a, start);
  if (end < 0) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(stdout.toString('utf8', start, end));
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return undefined;
  return { ...parsed.data, text: printable(Buffer.from(parsed.data.text, 'base64').toString('utf8')) };
}
