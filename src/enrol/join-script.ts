import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import type { TargetKind } from '../model/bundle.ts';
import type { Node } from '../model/node.ts';
import { encodeInstall } from './install-wire.ts';
import { loadReceiver } from './receiver-file.ts';

/** For whom the script is, and where the node finds us. */
export interface Joining {
  readonly node: Pick<Node, 'id' | 'sshUser'>;
  readonly kinds: readonly TargetKind[];
  readonly secret: string;
  readonly url: string;
  /** `sha256//…`, the key that the controller must show; undefined where the node asks its authorities. */
  readonly pin: string | undefined;
}

const names = [
  'join.sh',
  'pull-node.sh',
  'sync-controller-pull.service',
  'sync-controller-pull.timer',
] as const;
/** Seen from this module: bundled in dist/, or in the source tree. */
const folders = [
  join(import.meta.dirname, '../scripts/pull'),
  join(import.meta.dirname, '../../scripts/pull'),
];

/** Words that stand between single quotes of a shell. */
const harmless = /^[A-Za-z0-9@.:/+=_[\]-]*$/u;

/** The script that makes a node fetch its configuration. It runs as a whole or not at all: all it does stands behind its last line. */
export async function joinScript(joining: Joining, random: Random): Promise<Buffer> {
  const { node, kinds, secret, url, pin = '' } = joining;
  const receiver = await loadReceiver();
  const install = encodeInstall({
    nonce: random.hex(16),
    installer: receiver.installer,
    version: receiver.version,
    receiver: receiver.bytes,
    kinds,
    login: node.sshUser,
    flags: ['replace'],
  });
  const [body, script, service, timer] = await Promise.all(names.map(readPart));
  const words = { NODE: node.id, URL: url, PIN: pin, TOKEN: secret };
  return Buffer.from(
    [
      '#!/bin/bash',
      'set -u -f -o pipefail',
      'export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'umask 077',
      ...Object.entries(words).map(([name, word]) => `${name}='${checked(name, word)}'`),
      data('receiver_install', install),
      data('pull_script', script),
      data('pull_service', service),
      data('pull_timer', timer),
      body?.toString('utf8') ?? '',
    ].join('\n'),
  );
}

async function readPart(name: string): Promise<Buffer> {
  const [first = '', second = ''] = folders.map((folder) => join(folder, name));
  return readFile(first).catch(() => readFile(second));
}

function checked(name: string, word: string): string {
  if (harmless.test(word)) return word;
  throw new SyncError(
    'internal',
    `${name} of the join script: expected ${harmless.source}, got something else`,
  );
}

/** A function of the shell that writes the bytes. */
function data(name: string, bytes: Buffer | undefined): string {
  const lines = (bytes?.toString('base64') ?? '').replaceAll(/.{1,100}/gu, '$&\n');
  return `${name}() {\n  base64 -d <<'END'\n${lines}END\n}`;
}
