import { SyncError } from '../../lib/errors.ts';
import { registryChanges } from '../../model/registry-changes.ts';
import { textsOf } from '../../model/registry-texts.ts';
import { registryObjects, type RegistryObject } from '../../model/snapshot.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Step } from '../../registry/operations/step.ts';
import { shareName, textsNamed, type NamedTexts } from '../../reconcile/revision-words.ts';
import { change, type Ground } from '../change.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { openHistory, revisionName, revisionWord, revisionWords } from '../history.ts';
import { changeLines } from '../output/changes.ts';
import { listed } from '../output/progress.ts';
import { counted, reasonOf, repeated, wrongWord } from '../words.ts';

// More than a page is read by nobody who is about to say yes; `syncctl diff` shows all.
const shownChanges = 30;

export const command: CommandModule = {
  configure: (rollback) => {
    rollback
      .argument('<revision>', revisionWords)
      .requiredOption('--reason <text>', 'why, for the history and the audit')
      .option('--only <object>', 'bring back this registry object alone; may be repeated', repeated)
      .option('--dry-run', 'show what would change and write nothing')
      .option('--push', 'bring it to the nodes at once, also without a daemon')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nWrites the old texts into the registries as a new revision. Keys of others and recorded statuses stay. What the guard would hold is shown and approved with it. Of several sources one is written: the one that differs from the revision, or the one before the slash.',
      );
  },
  examples: [
    'syncctl rollback previous --reason "the new route breaks the shop"',
    'syncctl rollback R12 --only service-registry --reason "bad addresses" --dry-run',
    'syncctl rollback east/previous --reason "the last edit of east was meant for home"',
  ],
  run: async (call) => {
    const reason = reasonOf(call.text('reason'));
    const only = call.texts('only').map(objectOf);
    const history = await openHistory(call);
    const word = revisionWord(call, call.need(0));
    const named = { ...(await textsNamed(history, word)), word };
    const share = await shareMeant(call, named, only);
    const name = shareName(share, revisionName(named.number));
    return change(call, async (ground) => {
      const { rollbackEdits } = await import('../../reconcile/rollback-edits.ts');
      const place = { share, objects: ground.objects, unreadable: undefined };
      const { steps } = rollbackEdits({ ...named, share }, [place], only);
      return {
        done: `The registries are those of ${name} again`,
        steps,
        ask: steps.length > 0,
        details: await blastRadius(ground, steps),
        reason: `rollback to ${name}: ${reason}`,
      };
    });
  },
};

/** Of several sources the one that the revision goes back into; the run is about that one from here on. */
async function shareMeant(
  call: Call,
  named: NamedTexts & { readonly word: string },
  only: readonly RegistryObject[],
): Promise<string | undefined> {
  const settings = await call.settings();
  if (settings.sources.length === 0) return undefined;
  const [{ readShares }, { rollbackEdits }] = await Promise.all([
    import('../registries.ts'),
    import('../../reconcile/rollback-edits.ts'),
  ]);
  const places = (await readShares(call, settings)).map(({ name, registries }) => ({
    share: name,
    objects: registries.kept ?? registries.objects,
    unreadable: registries.state === 'fresh' ? undefined : (registries.reason ?? 'no answer'),
  }));
  const [home, ...others] = places;
  if (home === undefined) throw new SyncError('internal', 'sources: expected one, got none');
  const { share } = rollbackEdits(named, [home, ...others], only).place;
  call.narrow(share);
  return share;
}

function objectOf(word: string): RegistryObject {
  const object = registryObjects.find((name) => name === word);
  if (object !== undefined) return object;
  throw wrongWord(
    {
      place: '--only',
      expected: `one of ${registryObjects.join(', ')}`,
      remedy: 'leave it out to bring all of them back',
    },
    word,
  );
}

/** What goes with it, for somebody who is about to say yes. */
async function blastRadius(
  { objects, snapshot }: Ground,
  steps: readonly Step[],
): Promise<readonly string[]> {
  if (steps.length === 0) return [];
  const { previewed, textsAfter } = await import('../../registry/operations/step.ts');
  const lines = changeLines(registryChanges(textsOf(objects.values()), textsAfter(objects, steps)));
  const more = lines.length - shownChanges;
  const after = previewed(objects, steps, snapshot);
  return [
    ...lines.slice(0, shownChanges),
    ...(more > 0 ? [`… and ${counted(more, 'change')} more: syncctl diff`] : []),
    ...(await nodeLines(snapshot, after)),
  ];
}

async function nodeLines(before: Snapshot, after: Snapshot): Promise<readonly string[]> {
  const { planFleet } = await import('../../plan/plan-fleet.ts');
  const [was, is] = [before, after].map((snapshot) => planFleet(snapshot, '', []).nodes);
  if (was === undefined || is === undefined) throw new SyncError('internal', 'two plans are two plans');
  const changed = [...is.values()].filter(
    ({ id, bundles }) => bundles[0]?.digest !== was.get(id)?.bundles[0]?.digest,
  );
  const lost = [...before.nodes.values()].filter(({ id }) => !after.nodes.has(id));
  return [
    `${counted(changed.length, 'node')} would get other bytes${changed.length === 0 ? '' : `: ${listed(changed.map(({ node }) => node.name))}`}`,
    ...(lost.length === 0
      ? []
      : [
          `The rows of ${listed(lost.map(({ name }) => name))} go: they are left as they are, and told as orphaned`,
        ]),
  ];
}
