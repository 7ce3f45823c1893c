import * as z from 'zod';
import { printable } from '../lib/text.ts';
import { resultNames } from './results.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/u);
const count = z.number().int().nonnegative();
const position = { epoch: count, writer: z.string(), seq: count, sha: digest };
const rung = z.enum(['ok', 'bad', 'down', 'none']);

const receiptSchema = z.object({
  sc: z.literal(1),
  nonce: z.string(),
  node: z.string(),
  kind: z.string(),
  mode: z.string(),
  result: z.enum(resultNames),
  code: count,
  first: z.boolean().optional(),
  fence: z.object(position).nullable(),
  installed: z
    .object({ ...position, restored_from: z.string().nullable(), at: count, atomic: z.boolean() })
    .nullable(),
  owner: z.object({ cluster: z.string(), kind: z.string() }).nullable(),
  before: z.object({ sha: z.union([digest, z.literal('absent')]), size: count }).nullable(),
  after: z.object({ sha: z.union([digest, z.literal('absent')]), size: count }).nullable(),
  rungs: z.record(z.string(), rung),
  facts: z.object({
    receiver: z.string(),
    wire: z.array(z.number()),
    boot: z.string(),
    clock: count,
    machine: z.string(),
    hostname: z.string(),
    bash: z.string(),
    shape: z.string(),
    path: z.string(),
    ms: count,
    legacy: count.optional(),
  }),
  text: z.string(),
  bodies: z.array(z.object({ name: z.string(), length: count.max(8_388_608) })),
});

/** What a receiver said, checked; `bodies` are the counted bytes that followed the line. */
export type Receipt = Omit<z.infer<typeof receiptSchema>, 'bodies' | 'text'> & {
  readonly bodies: ReadonlyMap<string, Buffer>;
  readonly text: string;
};

/**
 * Finds the receipt that carries our nonce in everything a command wrote to stdout.
 * Noise before and after is ignored; a truncated, altered or foreign receipt is none.
 * @returns the receipt, or why there is none.
 */
export function decodeReceipt(stdout: Buffer, nonce: string): Receipt | { readonly missing: string } {
  const head = `{"sc":1,"nonce":"${nonce}"`;
  const start = stdout.indexOf(head);
  if (start < 0) {
    const other = stdout.indexOf('{"sc":1,"nonce":"') >= 0;
    return {
      missing: other
        ? 'the receipt carries another nonce'
        : `no receipt in ${String(stdout.length)} bytes of output`,
    };
  }
  const end = stdout.indexOf(0x0a, start);
  if (end < 0) return { missing: 'the receipt is cut off' };
  const line = parseLine(stdout.subarray(start, end).toString('utf8'));
  if ('missing' in line) return line;
  return takeBodies(line, stdout.subarray(end + 1));
}

type Line = z.infer<typeof receiptSchema>;

function parseLine(text: string): Line | { readonly missing: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { missing: 'the receipt is not JSON' };
  }
  const parsed = receiptSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return {
    missing: `the receipt breaks its schema at ${issue?.path.join('.') ?? 'top'}: ${issue?.message ?? ''}`,
  };
}

function takeBodies(line: Line, rest: Buffer): Receipt | { readonly missing: string } {
  const bodies = new Map<string, Buffer>();
  let at = 0;
  for (const body of line.bodies) {
    if (at + body.length > rest.length) return { missing: `body ${body.name} of the receipt is cut off` };
    bodies.set(body.name, rest.subarray(at, at + body.length));
    at += body.length;
  }
  return { ...line, bodies, text: printable(Buffer.from(line.text, 'base64').toString('utf8')) };
}
