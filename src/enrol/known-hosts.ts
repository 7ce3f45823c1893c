import { SyncError } from '../lib/errors.ts';
import { execProgram } from '../lib/exec.ts';
import { hostWithPort, isPort, isSafeHost } from '../transport/address.ts';
import { keyLine, parseHostKey } from '../transport/host-keys.ts';

/** What known_hosts files say of one host. */
export interface KnownKeys {
  /** `ssh-ed25519 AAAA…`, revoked keys taken out. */
  readonly keys: readonly string[];
  /** Keys that a file marks `@revoked`: never to be pinned, whoever else shows them. */
  readonly revoked: readonly string[];
  /** Certificate authorities that are trusted for the host; we pin keys, so they are only reported. */
  readonly authorities: readonly string[];
}

/** Looks a host up in known_hosts files with ssh's own tool, so that hashed names, patterns and ports are found as ssh finds them. */
export async function keysFromKnownHosts(
  host: { readonly address: string; readonly port: number },
  files: readonly string[],
  signal?: AbortSignal,
): Promise<KnownKeys> {
  // ssh-keygen takes the name as a word of its own; it must not look like an option.
  if (!isSafeHost(host.address) || !isPort(host.port)) {
    throw new SyncError(
      'data',
      `address: expected an IP address or host name and a port, got ${JSON.stringify(host)}`,
    );
  }
  const found: FoundLine[] = [];
  for (const file of files)
    found.push(...parseFound(await lookUp(hostWithPort(host.address, host.port), file, signal)));
  const revoked = unique(found.filter((line) => line.marker === '@revoked'));
  const plain = unique(found.filter((line) => line.marker === undefined));
  return {
    keys: plain.filter((key) => !revoked.includes(key)),
    revoked,
    authorities: unique(found.filter((line) => line.marker === '@cert-authority')),
  };
}

async function lookUp(name: string, file: string, signal: AbortSignal | undefined): Promise<string> {
  const ended = await execProgram('ssh-keygen', ['-F', name, '-f', file], {
    deadlineMs: 10_000,
    env: { ...process.env, LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
  // Exit 1 is "not in there"; a file that does not exist is said to hold nothing.
  return ended.code === 0 ? ended.stdout.toString('utf8') : '';
}

interface FoundLine {
  readonly marker: string | undefined;
  readonly key: string;
}

/** Reads what `ssh-keygen -F` prints: comment lines, then the lines of the file that match. */
export function parseFound(text: string): readonly FoundLine[] {
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('#') || line.trim() === '') return [];
    const words = line.trim().split(/\s+/u);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const key = parseHostKey(words.slice(1, 3).join(' '));
    return key === undefined ? [] : [{ marker, key: keyLine(key.blob) }];
  });
}

function unique(lines: readonly FoundLine[]): readonly string[] {
  return [...new Set(lines.map((line) => line.key))];
}
