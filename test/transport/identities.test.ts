import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { Credentials } from '../../src/transport/credentials.ts';
import { KeyRing } from '../../src/transport/identities.ts';
import type { Identities } from '../../src/transport/identities.ts';
import { ed25519Key } from '../fleet/keys.ts';

describe('the keys that sessions log in with', () => {
  const credentials = new Credentials(systemClock);
  const ring = new KeyRing();
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    path = join(folder, 'id_ed25519');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  const put = (name: string): Promise<void> =>
    writeFile(path, ed25519Key(name).privateFile, { mode: 0o600, flag: 'w' });
  const load = async (): Promise<Identities> => ring.load([path], await credentials.ofFiles([path]));

  it('are held once, however many sessions there are', async () => {
    await put('first');
    const all = await Promise.all(Array.from({ length: 100 }, load));
    expect(new Set(all.map(({ usable }) => usable[0]?.key)).size).toBe(1);
    expect((await load()).usable[0]?.key).toBe(all[0]?.usable[0]?.key);
  });

  it('are read again when their file is replaced', async () => {
    const [old] = (await load()).usable;
    await rm(path);
    await put('second key');
    const [next] = (await load()).usable;
    expect(next?.key.getPublicSSH()).not.toEqual(old?.key.getPublicSSH());
  });

  it('are looked at again as long as something is wrong with one of them', async () => {
    await chmod(path, 0o644);
    const stamp = await credentials.ofFiles([path]);
    expect((await ring.load([path], stamp)).problems).toHaveLength(1);
    await chmod(path, 0o600);
    // The same stamp, as after a change of what it does not tell.
    expect((await ring.load([path], stamp)).usable).toHaveLength(1);
  });
});
