import { SyncError } from '../lib/errors.ts';
import type { Keyring } from '../registry/sealed/keyring.ts';
import type { Call } from './call.ts';
import { wrongWord } from './words.ts';

/** The identities that the settings name, as their files are now. */
export async function keyringOf(call: Call): Promise<Keyring> {
  const { useIdentities } = await import('../registry/sealed/opened.ts');
  const ring = useIdentities((await call.settings()).secrets.identity);
  await ring.refresh();
  return ring;
}

/**
 * To whom values are sealed: the words of this command, else the settings, else the own identities.
 * @throws SyncError `usage` for a word that is no recipient, `config` where there is none at all.
 */
export async function recipientsOf(call: Call, ring: Keyring): Promise<readonly string[]> {
  const given = call.texts('recipient');
  const wrong = given.find((word) => !/^age1[02-9ac-hj-np-z]{58}$/u.test(word));
  if (wrong !== undefined)
    throw wrongWord(
      {
        place: '--recipient',
        expected: 'a recipient of age such as age1…',
        remedy: 'syncctl secret keygen prints one',
      },
      wrong,
    );
  const { recipients } = (await call.settings()).secrets;
  const chosen = [given, recipients, await ring.recipients()].find((list) => list.length > 0);
  if (chosen !== undefined) return chosen;
  throw new SyncError('config', `secret: expected a recipient, got none: ${ring.problems().join('; ')}`, {
    remedy: 'set secrets.recipients or secrets.identity, or pass --recipient age1…',
  });
}

/**
 * What comes on standard input, without the one line end that `echo` and editors add.
 * @throws SyncError `usage` where nothing comes, or more than a value may be.
 */
export async function inputOf(call: Call, what: string, limit: number): Promise<Buffer> {
  const { input } = call.context;
  if (input === undefined)
    throw new SyncError('usage', `${what}: expected it on standard input, got none`, {
      remedy: 'printf %s "…" | syncctl secret …',
    });
  const bytes = await input(limit + 2);
  const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? 2 : 1) : 0;
  const value = bytes.subarray(0, bytes.length - end);
  if (value.length > 0 && value.length <= limit) return value;
  const got = value.length === 0 ? 'nothing' : 'more';
  throw new SyncError('usage', `${what}: expected 1 to ${String(limit)} bytes on standard input, got ${got}`);
}
