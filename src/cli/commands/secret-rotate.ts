import { exitCodes, SyncError } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { Keyring } from '../../registry/sealed/keyring.ts';
import type { SealedPlace } from '../../registry/sealed/places.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { needRegistries } from '../registries.ts';
import { keyringOf, recipientsOf } from '../secrets.ts';
import { counted, repeated } from '../words.ts';

// What somebody seals meanwhile is found by the next look.
const looks = 3;

export const command: CommandModule = {
  configure: (rotate) => {
    rotate
      .option('--recipient <key>', 'seal to this one (age1…); may be repeated', repeated)
      .option('--dry-run', 'show what would be sealed anew and write nothing')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nNothing is pushed by it: the content stays the same. Keep the old identity in secrets.identity until this has ended, and for as long as blame and why are to read older revisions.\nExit codes: 0 all, 1 a value could not be opened and stays as it is.',
      );
  },
  examples: ['syncctl secret rotate --reason "ada has left"', 'syncctl secret rotate --dry-run'],
  run: async (call) => {
    const ring = await keyringOf(call);
    const recipients = await recipientsOf(call, ring);
    const dryRun = call.flag('dryRun');
    const old = ring.problems().length === 0 ? await ring.recipients() : [];
    const { done, closed } = await rotateAll(call, { ring, recipients, dryRun });
    await call.print({
      value: { apiVersion, kind: 'SecretRotation', dryRun, recipients, rotated: done, closed },
      table: () => '',
    });
    for (const path of closed) call.note('warn', `${printable(path)} cannot be opened and stays as it is`);
    const what = counted(done.length, 'value');
    call.note(
      closed.length === 0 ? 'success' : 'warn',
      dryRun
        ? `Dry run: ${what} would be sealed anew; nothing was written`
        : `${what} sealed to ${counted(recipients.length, 'recipient')}`,
    );
    const before = old.map((key) => ` --recipient ${key}`).join('');
    if (!dryRun && done.length > 0) call.note('info', `To undo: syncctl secret rotate${before}`);
    return closed.length === 0 ? exitCodes.ok : exitCodes.failure;
  },
};

interface Rotation {
  readonly ring: Keyring;
  readonly recipients: readonly string[];
  readonly dryRun: boolean;
}

async function rotateAll(
  call: Call,
  rotation: Rotation,
): Promise<{ readonly done: readonly string[]; readonly closed: readonly string[] }> {
  const { placesOf } = await import('../../registry/sealed/places.ts');
  const fresh = new Set<string>();
  const done = new Set<string>();
  for (let look = 0; look < looks; look += 1) {
    const { objects } = await needRegistries(call);
    const places = placesOf(objects.values()).filter(({ value }) => !fresh.has(value));
    const { others, closed } = await sealAnew(places, rotation);
    const open = places.filter(({ value }) => others.has(value));
    for (const { path } of open) done.add(path);
    if (rotation.dryRun || open.length === 0) return { done: [...done], closed };
    await write(call, open, others);
    for (const value of others.values()) fresh.add(value);
  }
  throw new SyncError(
    'conflict',
    'secret rotate: expected registries that rest, got new sealed values at every look',
    {
      remedy: 'syncctl secret rotate',
    },
  );
}

async function sealAnew(
  places: readonly SealedPlace[],
  { ring, recipients }: Rotation,
): Promise<{ readonly others: ReadonlyMap<string, string>; readonly closed: readonly string[] }> {
  const others = new Map<string, string>();
  const closed: string[] = [];
  for (const { path, value } of places) {
    if (others.has(value)) continue;
    const opened = await ring.open(value);
    if (opened.ok) others.set(value, await ring.seal(opened.plain, recipients));
    else closed.push(path);
  }
  return { others, closed };
}

async function write(
  call: Call,
  places: readonly SealedPlace[],
  others: ReadonlyMap<string, string>,
): Promise<void> {
  const [{ writeSteps }, { replaceSealed }] = await Promise.all([
    import('../write.ts'),
    import('../../registry/sealed/places.ts'),
  ]);
  const texts = Map.groupBy(places, ({ object, key }) => `${object}/${key}`);
  await writeSteps(
    call,
    [...texts.values()].flatMap(([place]) =>
      place === undefined
        ? []
        : {
            object: place.object,
            key: place.key,
            edit: (text: string | undefined) =>
              text === undefined ? undefined : replaceSealed(place.key, text, others),
          },
    ),
  );
}
