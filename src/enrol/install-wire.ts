import * as z from 'zod';
import { digestOf } from '../model/bundle.ts';
import type { TargetKind } from '../model/bundle.ts';
import type { ReceiverFile } from './receiver-file.ts';
import { answerOf, plainLogin, scriptWithTokens } from './script-wire.ts';

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

/** The bytes for `bash -s`: the script, one line of tokens, the counted receiver. */
export function encodeInstall(request: InstallRequest): Buffer {
  const { installer, receiver, kinds, flags, login } = request;
  const tokens = [
    'SCI1',
    request.nonce,
    request.version,
    String(receiver?.length ?? 0),
    receiver === undefined ? '-' : digestOf(receiver),
    kinds.length === 0 ? '-' : kinds.join('.'),
    // Others (of a directory service) are left out, and root's home is taken.
    plainLogin.test(login) ? login : '-',
    flags.length === 0 ? '-' : flags.join('.'),
  ];
  const header = scriptWithTokens(installer, {
    name: 'install-receiver.sh',
    tokens,
    allowed: /^[A-Za-z0-9._:@-]+$/u,
  });
  return receiver === undefined ? header : Buffer.concat([header, receiver]);
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
  return answerOf(stdout, nonce, answerSchema);
}
