import * as z from 'zod';
import { answerOf, plainLogin, scriptWithTokens } from '../script-wire.ts';

/** How a file stands on a node: `absent`, or `mode:uid:gid`. */
export type Like = string;

/** What the script is asked for on a node. Only `survey` never writes. */
export type TakeoverRequest = { readonly login: string } & (
  | { readonly action: 'survey'; readonly kinds: readonly string[]; readonly checkouts: readonly string[] }
  | { readonly action: 'disarm'; readonly checkouts: readonly string[] }
  | { readonly action: 'rearm'; readonly scripts: readonly string[] }
  | {
      readonly action: 'restore';
      readonly path: string;
      /** Digest of what must stand there now, or `absent`. */
      readonly base: string;
      readonly like: Like;
      readonly bytes: Buffer;
      readonly sha: string;
    }
);

/** The bytes for `bash -s`: the script, one line of tokens, the counted bytes of a file that comes back. */
export function encodeTakeover(script: Buffer, nonce: string, request: TakeoverRequest): Buffer {
  const { action } = request;
  const file = action === 'restore' ? request : undefined;
  const tokens = [
    'SCT1',
    nonce,
    action,
    plainLogin.test(request.login) ? request.login : '-',
    action === 'survey' && request.kinds.length > 0 ? request.kinds.join('.') : '-',
    pathsToken(request),
    file?.base ?? '-',
    file?.like ?? '-',
    String(file?.bytes.length ?? 0),
    file === undefined || file.like === 'absent' ? '-' : file.sha,
  ];
  const header = scriptWithTokens(script, {
    name: 'takeover-node.sh',
    tokens,
    allowed: /^[A-Za-z0-9._:@/+=,-]+$/u,
  });
  // A shell reads a script from a pipe byte by byte; in one piece it begins seconds earlier on a busy machine.
  const whole = Buffer.concat([Buffer.from(`eval "$(head -c ${String(script.length)})"\n`), header]);
  return file === undefined ? whole : Buffer.concat([whole, file.bytes]);
}

function pathsToken(request: TakeoverRequest): string {
  const paths =
    request.action === 'restore'
      ? [request.path]
      : request.action === 'rearm'
        ? request.scripts
        : request.checkouts;
  // What the node's grammar refuses is left out here: one odd path of a registry must not end the whole look.
  const plain = paths.filter(
    (path) => /^(?:~\/|\/)[A-Za-z0-9._/@+-]+$/u.test(path) && !path.includes('/../'),
  );
  return plain.length === 0 ? '-' : plain.map((path) => Buffer.from(path).toString('base64')).join(',');
}

const answerSchema = z.object({
  sc: z.literal(1),
  nonce: z.string(),
  result: z.string().max(32),
  receiver: z.boolean(),
  public_domain: z.string(),
  files: z.array(
    z.object({
      kind: z.string(),
      path: z.string(),
      state: z.enum(['file', 'absent', 'other', 'large']),
      like: z.string(),
      sha: z.string(),
      content: z.string(),
    }),
  ),
  scripts: z.array(z.object({ path: z.string(), armed: z.boolean(), sha: z.string() })),
  writers: z.array(z.object({ name: z.string(), path: z.string() })),
  callers: z.array(z.string()),
  text: z.string(),
});

/** What the script said of the node. */
export type TakeoverAnswer = z.infer<typeof answerSchema>;

/** Finds the answer that carries our nonce in everything a login wrote. */
export function decodeTakeover(stdout: Buffer, nonce: string): TakeoverAnswer | undefined {
  return answerOf(stdout, nonce, answerSchema);
}
