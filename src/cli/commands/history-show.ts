import type { PushRecord, RevisionDetail } from '../../contract/history.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { pathIn } from '../../model/registry-shares.ts';
import { countOf, openHistory, revisionName, revisionWord, revisionWords } from '../history.ts';
import { changeLines } from '../output/changes.ts';
import { pairs } from '../output/pairs.ts';
import { pushTable } from '../output/pushes.ts';
import { apiVersion } from '../output/structured.ts';

export const command: CommandModule = {
  configure: (show) => {
    show
      .argument('<revision>', revisionWords)
      .option('--limit <count>', 'how many outcomes of pushes, the newest', '50');
  },
  examples: ['syncctl history show latest', 'syncctl history show R12 -o json'],
  run: async (call) => {
    const limit = countOf(call.text('limit') ?? '50', '--limit');
    const history = await openHistory(call);
    const revision = await history.revision(revisionWord(call, call.need(0)));
    const pushes = await history.pushes({ revision: revision.number, limit });
    await call.print({
      value: { apiVersion, kind: 'RevisionReport', ...revision, pushes },
      table: () => page(revision, pushes, false),
      wide: () => page(revision, pushes, true),
    });
    return exitCodes.ok;
  },
};

function page(revision: RevisionDetail, pushes: readonly PushRecord[], wide: boolean): string {
  const {
    number,
    digest,
    at,
    who,
    why,
    source,
    nodes,
    current,
    objects,
    findings,
    changes,
    before,
    sources,
  } = revision;
  const head = pairs([
    ['Revision', revisionName(number)],
    ['Digest', digest],
    ['At', at],
    ['Who', who ?? '-'],
    ['Why', why ?? '-'],
    ...(sources?.map(({ name, place }) => `${name}: ${place}`) ?? [source]).map((place): [string, string] => [
      'Source',
      place,
    ]),
    ['Nodes', `${String(current)} of ${String(nodes)} hold exactly what it asks for`],
    ...objects.map(({ source: own, name, resourceVersion }): [string, string] => [
      'Object',
      `${pathIn(own, name)} at ${resourceVersion}`,
    ]),
  ]);
  const parts = [
    printable(head),
    `Changed against ${revisionName(before)}:\n${indented(changeLines(changes))}`,
    `Findings:\n${indented(findings.map(({ path, message }) => printable(`${path}: ${message}`)))}`,
    `Pushes:\n${pushes.length === 0 ? '  none\n' : pushTable(pushes, wide)}`,
  ];
  return parts.join('\n');
}

function indented(lines: readonly string[]): string {
  return lines.length === 0 ? '  none\n' : lines.map((line) => `  ${line}\n`).join('');
}
