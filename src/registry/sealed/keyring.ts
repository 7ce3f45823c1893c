import { messageOf } from '../../lib/errors.ts';
import { envelopeOf, plainLimit, prefix, readEnvelope } from './envelope.ts';
import { readIdentities, type IdentityFile } from './identities.ts';

/** What became of opening one sealed value. */
export type Opened =
  { readonly ok: true; readonly plain: string } | { readonly ok: false; readonly reason: string };

type Age = typeof import('age-encryption');

/** The identities of this controller. The library loads with the first value that is sealed. */
export class Keyring {
  readonly #paths: readonly string[];
  #files: readonly IdentityFile[] = [];
  #age: Promise<Age> | undefined;
  #recipients: { readonly mark: string; readonly keys: Promise<readonly string[]> } | undefined;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Reads the identity files. @returns a mark that changes whenever one of them does. */
  async refresh(): Promise<string> {
    this.#files = await Promise.all(this.#paths.map(readIdentities));
    return this.#files.map(({ mark }) => mark).join('\n');
  }

  /** Why identity files cannot be used. */
  problems(): readonly string[] {
    if (this.#paths.length === 0) return ['no identity is set (secrets.identity)'];
    return this.#files.flatMap(({ problem }) => problem ?? []);
  }

  /** Opens one value with the identities as they were read last. Never rejects. */
  async open(envelope: string): Promise<Opened> {
    const read = readEnvelope(envelope);
    if (!read.ok) return read;
    const keys = this.#keys();
    if (keys.length === 0) return { ok: false, reason: this.problems().join('; ') };
    try {
      return checked(await this.#decrypt(read.bytes));
    } catch (error) {
      if (!/identit/iu.test(messageOf(error))) return { ok: false, reason: 'it is damaged' };
      const others = this.problems();
      const more = others.length === 0 ? '' : ` (${others.join('; ')})`;
      return { ok: false, reason: `none of ${String(keys.length)} identities opens it${more}` };
    }
  }

  /** Opens what we have sealed ourselves, of whatever size; undefined where no identity does. */
  async openKept(envelope: string): Promise<string | undefined> {
    try {
      const bytes = Buffer.from(envelope.slice(prefix.length), 'base64');
      return Buffer.from(await this.#decrypt(new Uint8Array(bytes))).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /**
   * Seals a text to recipients.
   * @throws what the library says of a recipient that is none.
   */
  async seal(plain: string | Uint8Array, recipients: readonly string[]): Promise<string> {
    const { Encrypter } = await this.#library();
    const encrypter = new Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    return envelopeOf(await encrypter.encrypt(plain));
  }

  /** The public sides of the identities; of those that were there last, where their files are gone. */
  recipients(): Promise<readonly string[]> {
    const keys = this.#keys();
    const mark = keys.join(' ');
    if (this.#recipients === undefined || (keys.length > 0 && this.#recipients.mark !== mark))
      this.#recipients = { mark, keys: this.#publicOf(keys) };
    return this.#recipients.keys;
  }

  /** A new identity and its recipient. */
  async mint(): Promise<{ readonly identity: string; readonly recipient: string }> {
    const { generateX25519Identity, identityToRecipient } = await this.#library();
    const identity = await generateX25519Identity();
    return { identity, recipient: await identityToRecipient(identity) };
  }

  async #decrypt(bytes: Uint8Array): Promise<Uint8Array> {
    const { Decrypter } = await this.#library();
    const decrypter = new Decrypter();
    for (const key of this.#keys()) decrypter.addIdentity(key);
    return decrypter.decrypt(bytes);
  }

  #keys(): readonly string[] {
    return this.#files.flatMap(({ keys }) => keys);
  }

  async #publicOf(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length === 0) return [];
    const { identityToRecipient } = await this.#library();
    return Promise.all(keys.map((key) => identityToRecipient(key)));
  }

  #library(): Promise<Age> {
    this.#age ??= import('age-encryption');
    return this.#age;
  }
}

function checked(bytes: Uint8Array): Opened {
  if (bytes.length > plainLimit)
    return {
      ok: false,
      reason: `expected at most ${String(plainLimit)} bytes in it, got ${String(bytes.length)}`,
    };
  try {
    return { ok: true, plain: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { ok: false, reason: 'expected UTF-8 text in it, got other bytes' };
  }
}
