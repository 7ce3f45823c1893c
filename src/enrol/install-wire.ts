import * as z from 'zod';
import { SyncError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';
import { digestOf } from '../model/bundle.ts';
import type { TargetKind } from '../model/bundle.ts';
import type { ReceiverFile } from './receiver-file.ts';

/** `replace`: other bytes of the same version may go. `retarget`: write the target descriptions anew. `remove`: take everything out. */
export type InstallFlag = 'replace' | 'retarget' | 'remove';

export interface InstallRequest {
  readonly nonce: string;
  readonly installer: Buffer;
  readonly version: string;
  /** Undefined: only the targets are looked after. */
  readonly receiver: ReceiverFile['bytes'] | undefined;
  /** Empty means all kinds, which only `remove` understands. */
  readonly kinds: readonly TargetKind[];
  readonly login: string;
  readonly flags: readonly InstallFlag[];
}

/** Names a node's shell may look up; others (of a directory service) are left out, and root's home is taken. */
const loginForm = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/u;

/** The bytes for `bash -s`: the script, one line of tokens, the counted receiver. */
export function encodeInstall(request: InstallRequest): Buffer {
  const { installer, receiver, kinds, flags, login } = request;
  // Whatever stands behind the script's last newline would be read as script.
  if (installer.at(-1) !== 0x0a)
    throw new SyncError('internal', 'install-receiver.sh: expected a newline at its end, got none');
  const tokens = [
    'SCI1',
    request.nonce,
    request.version,
    String(receiver?.length ?? 0),
    receiver === undefined ? '-' : digestOf(receiver),
    kinds.length === 0 ? '-' : kinds.join('.'),
    loginForm.test(login) ? login : '-',
    flags.length === 0 ? '-' : flags.join('.'),
  ];
  const bad = tokens.find((token) => !/^[A-Za-z0-9._:@-]+$/u.test(token));
  if (bad !== undefined)
    throw new SyncError('internal', `install token: expected [A-Za-z0-9._:@-], got ${JSON.stringify(bad)}`);
  return Buffer.concat([installer, Buffer.from(`${tokens.join(' ')}\n`), receiver ?? Buffer.alloc(0)]);
}

const answerSchema = z.object({
  sc: z.literal(1),
  nonce: z.string(),
  result: z.string().max(32),
  version: z.string(),
  previous: z.string(),
  missing: z.array(z.string()),
  targets: z.array(
    z.looseObject({
      kind: z.string(),
      written: z.boolean(),
      path: z.string().optional(),
      raw_url: z.string().optional(),
    }),
  ),
  public_domain: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.boolean()])),
  text: z.string(),
});

/** What the script said of the node. */
export type InstallAnswer = z.infer<typeof answerSchema>;

/** Finds the answer that carries our nonce in everything a login wrote. */
export function decodeInstall(stdout: Buffer, nonce: string): InstallAnswer | undefined {
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
