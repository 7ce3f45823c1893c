import type { RevisionTexts } from '../../contract/history.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { registryChanges, type EntryChange } from '../../model/registry-changes.ts';
import { contentOf } from '../../model/registry-texts.ts';
import type { CommandModule } from '../command.ts';
import { openHistory, revisionName, textsNamed } from '../history.ts';
import { changeLines } from '../output/changes.ts';
import { apiVersion } from '../output/structured.ts';

export const command: CommandModule = {
  configure: (diff) => {
    diff
      .argument('<from>', 'R12, 12, the beginning of a digest, latest or previous')
      .argument('[to]', 'another revision; the latest when left out')
      .addHelpText(
        'after',
        '\nRecorded statuses, formatting and key order are no difference. -o wide shows texts that are no JSON line by line.',
      );
  },
  examples: ['syncctl diff previous latest', 'syncctl diff R11 R12 -o json'],
  run: async (call) => {
    const history = await openHistory(call);
    const from = await textsNamed(history, call.need(0));
    const to = await textsNamed(history, call.word(1) ?? 'latest');
    const changes = registryChanges(from.texts, to.texts);
    const title = `${revisionName(from.number)} → ${revisionName(to.number)}\n`;
    const texts = call.format === 'wide' ? await broken(from, to) : '';
    await call.print({
      value: { apiVersion, kind: 'DiffReport', from: nameOf(from), to: nameOf(to), changes },
      table: () => title + byObject(changes),
      wide: () => title + byObject(changes) + texts,
    });
    return exitCodes.ok;
  },
};

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
