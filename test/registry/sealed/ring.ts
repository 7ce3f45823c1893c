import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Keyring } from '../../../src/registry/sealed/keyring.ts';

/** An identity in a file of its own, and what seals to it. */
export interface TestIdentity {
  readonly file: string;
  readonly recipient: string;
  seal(plain: string | Uint8Array): Promise<string>;
}

/** Makes an identity that is gone after the test. */
export async function testIdentity(mode = 0o600): Promise<TestIdentity> {
  const folder = await mkdtemp(join(tmpdir(), 'sealed-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'identity.age');
  const { identity, recipient } = await new Keyring([]).mint();
  await writeFile(file, `# a comment\n\n${identity}\n`, { mode });
  return { file, recipient, seal: (plain) => new Keyring([]).seal(plain, [recipient]) };
}
