import { createPrivateKey, generateKeyPair, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** One key pair in the forms OpenSSH reads: a private key file and one public line. */
export interface SshKey {
  readonly type: 'ed25519' | 'ecdsa' | 'rsa';
  readonly privateFile: string;
  readonly publicLine: string;
}

const RSA_POOL = join(import.meta.dirname, '../../.cache/fleet-keys');

function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function fromBase64Url(value: unknown): Buffer {
  if (typeof value !== 'string') throw new Error('fleet: a generated key lacks a member of its JSON form');
  return Buffer.from(value, 'base64url');
}

/** A positive number on the SSH wire has a leading zero byte where its top bit is set. */
function positive(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

function publicLine(type: string, blob: Buffer, comment: string): string {
  return `${type} ${blob.toString('base64')} ${comment}`;
}

/** Written by hand because OpenSSH before 9.6 reads ed25519 keys in its own format only. */
export function ed25519Key(comment: string): SshKey {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [pub, seed] = [fromBase64Url(jwk.x), fromBase64Url(jwk.d)];
  const blob = Buffer.concat([field('ssh-ed25519'), field(pub)]);
  const check = randomBytes(4);
  const secret = [check, check, blob, field(Buffer.concat([seed, pub])), field(comment)];
  const padding = (8 - (Buffer.concat(secret).length % 8)) % 8;
  secret.push(Buffer.from(Array.from({ length: padding }, (_, n) => n + 1)));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[field('none'), field('none'), field(''), one, field(blob), field(Buffer.concat(secret))],
  ]);
  const body = whole.toString('base64').replace(/.{1,70}/g, '$&\n');
  return {
    type: 'ed25519',
    privateFile: `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}-----END OPENSSH PRIVATE KEY-----\n`,
    publicLine: publicLine('ssh-ed25519', blob, comment),
  };
}

function ecdsaKey(comment: string): SshKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), fromBase64Url(jwk.x), fromBase64Url(jwk.y)]);
  const blob = Buffer.concat([field('ecdsa-sha2-nistp256'), field('nistp256'), field(point)]);
  return {
    type: 'ecdsa',
    privateFile: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    publicLine: publicLine('ecdsa-sha2-nistp256', blob, comment),
  };
}

function rsaKey(privateKey: KeyObject, comment: string): SshKey {
  const jwk = privateKey.export({ format: 'jwk' });
  const blob = Buffer.concat([
    field('ssh-rsa'),
    field(fromBase64Url(jwk.e)),
    field(positive(fromBase64Url(jwk.n))),
  ]);
  return {
    type: 'rsa',
    privateFile: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicLine: publicLine('ssh-rsa', blob, comment),
  };
}

async function newRsa(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey;
}

/** The pool only saves time, so a folder of another user (root's, after a run as root) is no failure. */
async function keepInPool(file: string, key: KeyObject): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await mkdir(RSA_POOL, { recursive: true });
  await writeFile(draft, key.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  await rename(draft, file);
}

/** RSA keys cost 0.1 s of CPU each, so the n-th node of every fleet has the same one, kept between runs. */
async function pooledRsa(slot: number): Promise<KeyObject> {
  const file = join(RSA_POOL, `rsa-${String(slot)}.pem`);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return createPrivateKey(kept);
  const key = await newRsa();
  await keepInPool(file, key).catch(() => undefined);
  return key;
}

/** A machine's three host keys; without a pool slot the RSA key is new as well. */
export async function hostKeySet(comment: string, poolSlot?: number): Promise<readonly SshKey[]> {
  const rsa = await (poolSlot === undefined ? newRsa() : pooledRsa(poolSlot));
  return [ed25519Key(comment), ecdsaKey(comment), rsaKey(rsa, comment)];
}
