import type { Expected } from '../../receiver/model.ts';
import { receiverVersion } from '../ports/receiver-file.ts';
import { resultCodes, type Result } from '../../../src/wire/results.ts';

export interface Told {
  readonly nonce: string;
  readonly node: string;
  readonly kind: string;
  readonly mode: string;
  readonly expected: Expected;
  readonly rungs: Readonly<Record<string, string>>;
  readonly boot: string;
  readonly clockSeconds: number;
  readonly hostname: string;
  readonly path: string;
  readonly shape: string;
  /** Null where nobody can say what the managed bytes are. */
  readonly sizes: { readonly before: number; readonly after: number } | null;
  readonly text: string;
  readonly bodies: ReadonlyMap<string, Buffer>;
  readonly receiver?: string;
}

/** The receipt of docs/protocol.md: an empty line, one line of JSON, and the bodies it counts. */
export function receiptOf(told: Told): { readonly stdout: Buffer; readonly exitCode: number } {
  const { expected, sizes, bodies } = told;
  const code = resultCodes[expected.result as Result];
  const managed = (digest: string, size: number) => ({ sha: digest, size });
  const line = {
    sc: 1,
    nonce: told.nonce,
    node: told.node,
    kind: told.kind,
    mode: told.mode,
    result: expected.result,
    code,
    first: expected.first,
    fence: expected.fence,
    installed:
      expected.installed === null ? null : { ...expected.installed, at: told.clockSeconds, atomic: true },
    owner: expected.owner,
    before: sizes === null ? null : managed(expected.before, sizes.before),
    after: sizes === null ? null : managed(expected.after, sizes.after),
    rungs: told.rungs,
    facts: {
      receiver: told.receiver ?? receiverVersion,
      wire: [1],
      boot: told.boot,
      clock: told.clockSeconds,
      machine: 'sim',
      hostname: told.hostname,
      bash: '5.2',
      shape: told.shape,
      path: told.path,
      ms: 1,
      cut: 0,
      legacy: 0,
    },
    text: Buffer.from(told.text).toString('base64'),
    bodies: [...bodies].map(([name, bytes]) => ({ name, length: bytes.length })),
  };
  return {
    stdout: Buffer.concat([Buffer.from(`\n${JSON.stringify(line)}\n`), ...bodies.values()]),
    exitCode: told.mode === 'rollback' && expected.result === 'RESTORED' ? 0 : code,
  };
}
