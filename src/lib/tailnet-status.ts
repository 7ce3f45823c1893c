import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as z from 'zod';
import { execProgram } from './exec.ts';
import type { Peer, Tailnet } from './tailnet.ts';

// Some 1.2 KB a peer.
const maxOutputBytes = 16 * 1_048_576;
const deadlineMs = 3_000;

/** The part of its JSON that we read; lists and maps are null where they are empty. */
const peerSchema = z.object({
  TailscaleIPs: z.array(z.string().max(64)).nullish(),
  Online: z.boolean().nullish(),
  Expired: z.boolean().nullish(),
  LastSeen: z.iso.datetime().nullish().catch(undefined),
});
const statusSchema = z.object({
  BackendState: z.string().max(64).default('Running'),
  Self: peerSchema.nullish(),
  Peer: z.record(z.string(), peerSchema).nullish(),
});

/** Asks the Tailscale of this machine for its peers; never fails but for the signal. */
export async function askTailnet(signal: AbortSignal): Promise<Tailnet> {
  const program = await installed('tailscale');
  if (program === undefined) return { kind: 'absent' };
  const env = { ...process.env, LC_ALL: 'C' };
  const args = ['status', '--json'];
  const answer = await execProgram(program, args, { deadlineMs, maxOutputBytes, env, signal }).catch(
    () => undefined,
  );
  signal.throwIfAborted();
  return answer?.code === 0 ? tailnetOf(answer.stdout.toString('utf8')) : { kind: 'silent' };
}

/** Reads the output of `tailscale status --json`: text of another program, of which nothing is taken on trust. */
export function tailnetOf(text: string): Tailnet {
  const status = statusSchema.safeParse(parsed(text));
  if (!status.success) return { kind: 'silent' };
  const { BackendState, Self, Peer } = status.data;
  if (BackendState !== 'Running') return { kind: 'off', state: BackendState.replace(/[^\w ]/gu, '?') };
  // This machine may itself be a node; it is always there.
  const all = [...Object.values(Peer ?? {}), { ...Self, Online: true }];
  const peers = new Map(
    all.flatMap((peer) => (peer.TailscaleIPs ?? []).map((ip) => [ip, peerOf(peer)] as const)),
  );
  return { kind: 'up', online: Self?.Online !== false, peers };
}

function peerOf({ Online, Expired, LastSeen }: z.infer<typeof peerSchema>): Peer {
  const seen = LastSeen?.startsWith('0001-') === true ? undefined : (LastSeen ?? undefined);
  return { online: Online === true, expired: Expired === true, lastSeen: seen };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a program lies on the path, without starting anything. */
async function installed(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter);
  for (const folder of folders.filter((each) => each.startsWith('/'))) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
