import { chmod, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { envelopeLimit, plainLimit, readEnvelope } from '../../../src/registry/sealed/envelope.ts';
import { Keyring } from '../../../src/registry/sealed/keyring.ts';
import { testIdentity } from './ring.ts';

async function opened(files: readonly string[], envelope: string) {
  const ring = new Keyring(files);
  await ring.refresh();
  return ring.open(envelope);
}

describe('a keyring', () => {
  it('opens what was sealed to one of its identities, and gives other bytes each time', async () => {
    const [one, two] = [await testIdentity(), await testIdentity()];
    const [first, second] = [await two.seal('100.64.0.9'), await two.seal('100.64.0.9')];
    expect(first).not.toBe(second);
    expect(first).toMatch(/^age:[A-Za-z0-9+/]+=*$/u);
    for (const envelope of [first, second])
      expect(await opened([one.file, two.file], envelope)).toEqual({ ok: true, plain: '100.64.0.9' });
  });

  it('says why a value stays closed, and quotes neither keys nor content', async () => {
    const [one, two] = [await testIdentity(), await testIdentity()];
    const envelope = await two.seal('100.64.0.9');
    expect(await opened([], envelope)).toMatchObject({ reason: 'no identity is set (secrets.identity)' });
    expect(await opened([one.file], envelope)).toMatchObject({ reason: 'none of 1 identities opens it' });
    const damaged = `${envelope.slice(0, -8)}AAAAAAA=`;
    expect(await opened([two.file], damaged)).toMatchObject({ ok: false });
    await rm(two.file);
    expect(await opened([two.file], envelope)).toMatchObject({
      reason: `${two.file}: expected a readable file, got none`,
    });
  });

  it('refuses identity files that others may read, and those with something else in them', async () => {
    const { file, seal } = await testIdentity();
    const envelope = await seal('x');
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(file, mode);
      expect(await opened([file], envelope), String(mode)).toMatchObject({
        ok: false,
        reason: expect.stringMatching(/expected mode 0600, got 06\d\d; run chmod 600/u),
      });
    }
    await writeFile(file, 'AGE-SECRET-KEY-1SHORT\n');
    await chmod(file, 0o600);
    const refused = await opened([file], envelope);
    expect(refused).toMatchObject({
      ok: false,
      reason: expect.stringContaining('got something else as key 1'),
    });
    expect(JSON.stringify(refused)).not.toContain('SHORT');
  });

  it('takes no more than a value may be, and text alone', async () => {
    const { file, seal } = await testIdentity();
    expect(await opened([file], await seal('x'.repeat(plainLimit)))).toMatchObject({ ok: true });
    expect(await opened([file], await seal('x'.repeat(plainLimit + 1)))).toMatchObject({ ok: false });
    expect(await opened([file], await seal(new Uint8Array([255, 254])))).toMatchObject({
      reason: 'expected UTF-8 text in it, got other bytes',
    });
  });

  it('makes identities that age-keygen could have made', async () => {
    const { identity, recipient } = await new Keyring([]).mint();
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/u);
    expect(recipient).toMatch(/^age1[02-9ac-hj-np-z]{58}$/u);
  });
});

describe('the grammar of a sealed value', () => {
  it.each([
    ['age:', 'nothing after it'],
    ['age: abcd', 'a gap'],
    ['age:!!!!', 'no base64'],
    ['age:YWdl', 'another file'],
    [`age:${Buffer.from('age-encryption.org/v1\n').toString('base64url')}`, 'base64 without padding'],
    [`age:${'A'.repeat(envelopeLimit)}`, 'too long'],
    ['-----BEGIN AGE ENCRYPTED FILE-----', 'armor'],
  ])('refuses %.40s: %s', (text) => {
    expect(readEnvelope(text)).toMatchObject({ ok: false, reason: expect.stringMatching(/^expected /u) });
  });
});
