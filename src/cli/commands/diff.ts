import type { RevisionTexts } from '../../contract/history.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { registryChanges, type EntryChange } from '../../model/registry-changes.ts';
import { contentOf } from '../../model/registry-texts.ts';
import type { CommandModule } from '../command.ts';
import { alignedTexts } from '../../model/registry-shares.ts';
import { shareName, splitWord, textsNamed, type NamedTexts } from '../../reconcile/revision-words.ts';
import { openHistory, revisionName, revisionWord, revisionWords } from '../history.ts';
import { changeLines } from '../output/changes.ts';
import { apiVersion } from '../output/structured.ts';
import { wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (diff) => {
    diff
      .argument('<from>', revisionWords)
      .argument('[to]', 'another revision; the latest when left out')
      .addHelpText(
        'after',
        '\nRecorded statuses, formatting and key order are no difference. -o wide shows texts that are no JSON line by line.',
      );
  },
  examples: ['syncctl diff previous latest', 'syncctl diff R11 R12 -o json', 'syncctl diff east/previous'],
  run: async (call) => {
    const history = await openHistory(call);
    const first = call.need(0);
    const from = await textsNamed(history, revisionWord(call, first));
    const to = await textsNamed(history, revisionWord(call, call.word(1) ?? latestOf(first)));
    refuseStrangers(from, to);
    const was = { ...from, texts: alignedTexts(from.texts, from.sources, to.sources) };
    const changes = registryChanges(was.texts, to.texts);
    const title = `${titleOf(from)} → ${titleOf(to)}\n`;
    const texts = call.format === 'wide' ? await broken(was, to) : '';
    await call.print({
      value: { apiVersion, kind: 'DiffReport', from: nameOf(from), to: nameOf(to), changes },
      table: () => title + byObject(changes),
      wide: () => title + byObject(changes) + texts,
    });
    return exitCodes.ok;
  },
};

/** Of the same source as the first word. */
function latestOf(word: string): string {
  return shareName(splitWord(word).source, 'latest');
}

/** Two sources are two clusters: what one has and the other has not is no change. */
function refuseStrangers(from: NamedTexts, to: NamedTexts): void {
  if (from.share === to.share) return;
  throw wrongWord(
    {
      place: 'diff',
      expected: `two revisions of ${from.share ?? 'all sources'}`,
      remedy: 'name the same source before both, or before none',
    },
    shareName(to.share, revisionName(to.number)),
  );
}

function titleOf({ share, number }: NamedTexts): string {
  return shareName(share, revisionName(number));
}

function nameOf({ number, digest, at }: RevisionTexts): object {
  return { revision: number, digest, at };
}

function byObject(changes: readonly EntryChange[]): string {
  if (changes.length === 0) return 'no difference\n';
  const groups = Map.groupBy(changes, ({ path }) => path.slice(0, path.indexOf('/')));
  return [...groups]
    .map(
      ([object, own]) =>
        `\n${object}:\n${changeLines(own)
          .map((line) => `  ${line}\n`)
          .join('')}`,
    )
    .join('');
}

/** Texts that are no JSON have no entries: they are compared line by line. */
async function broken(from: RevisionTexts, to: RevisionTexts): Promise<string> {
  const { createTwoFilesPatch } = await import('diff');
  const paths = [...new Set([...Object.keys(from.texts), ...Object.keys(to.texts)])].sort();
  return paths
    .filter((path) =>
      [from, to].some(({ texts }) => texts[path] !== undefined && contentOf(path, texts[path]) === undefined),
    )
    .filter((path) => from.texts[path] !== to.texts[path])
    .map((path) => {
      const names = [from, to].map(({ number }) => `${path} ${revisionName(number)}`);
      const [before, after] = [from, to].map(({ texts }) => texts[path] ?? '');
      const patch = createTwoFilesPatch(
        names[0] ?? '',
        names[1] ?? '',
        before ?? '',
        after ?? '',
        undefined,
        undefined,
        {
          context: 2,
          maxEditLength: 4_000,
        },
      );
      return `\n${printable(patch ?? `${path}: too different to show line by line`)}\n`;
    })
    .join('');
}
