import type { HistoryApi, RevisionList, RevisionSummary } from '../../contract/history.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { countOf, openHistory, revisionName } from '../history.ts';
import { pushTable } from '../output/pushes.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { pickNode } from '../pick.ts';
import { readRegistries } from '../registries.ts';

export const command: CommandModule = {
  configure: (history) => {
    history
      .option('--limit <count>', 'how many, the newest', '20')
      .option('--node <node>', 'what was pushed to one node, instead of the revisions')
      .addHelpText(
        'after',
        '\nA revision is what was in force at one time. Commands take it as R12, 12, the beginning of its digest, latest or previous, and the share of one of several sources as east/R12.',
      );
  },
  examples: ['syncctl history', 'syncctl history --limit 100 -o wide', 'syncctl history --node contabo-vps'],
  run: async (call) => {
    const limit = countOf(call.text('limit') ?? '20', '--limit');
    const node = call.text('node');
    return node === undefined ? revisions(call, limit) : pushes(call, node, limit);
  },
};

async function revisions(call: Call, limit: number): Promise<number> {
  const list = await newest(await openHistory(call), limit, call.globals.source);
  await call.print({
    value: { apiVersion, kind: 'HistoryReport', ...list },
    table: () => revisionTable(list, false),
    wide: () => revisionTable(list, true),
  });
  if (list.dropped > 0)
    call.note('warn', `${String(list.dropped)} outcomes came faster than they could be kept`);
  return exitCodes.ok;
}

/** The newest revisions, or, of several sources, those that one of them brought. */
async function newest(history: HistoryApi, limit: number, source: string | undefined): Promise<RevisionList> {
  if (source === undefined) return history.revisions(limit);
  const found: RevisionSummary[] = [];
  let list = await history.revisions(limit);
  const { dropped } = list;
  while (list.revisions.length > 0 && found.length < limit) {
    found.push(...list.revisions.filter(({ edited }) => edited?.includes(source) === true));
    list = await history.revisions(limit, list.revisions.at(-1)?.number ?? 0);
  }
  return { revisions: found.slice(0, limit), dropped };
}

function revisionTable({ revisions: all }: RevisionList, wide: boolean): string {
  const several = all.some(({ edited }) => edited !== undefined);
  const row = (one: RevisionSummary): readonly string[] => [
    revisionName(one.number),
    one.at,
    one.who ?? '',
    ...(several ? [one.edited?.join(', ') ?? ''] : []),
    `${String(one.current)}/${String(one.nodes)}`,
    one.findings === 0 ? '' : String(one.findings),
    one.summary,
  ];
  const headings = [
    'revision',
    'at',
    'who',
    ...(several ? ['source'] : []),
    'nodes',
    'findings',
    'what changed',
  ];
  return wide
    ? table(
        [...headings, 'why', 'digest', several ? 'home' : 'source'],
        all.map((one) => [...row(one), one.why ?? '', one.digest.slice(0, 12), one.source]),
      )
    : table(headings, all.map(row));
}

async function pushes(call: Call, word: string, limit: number): Promise<number> {
  const history = await openHistory(call);
  const found = await history.pushes({ node: await idOf(call, word), limit });
  await call.print({
    value: { apiVersion, kind: 'PushList', pushes: found },
    table: () => pushTable(found, false),
    wide: () => pushTable(found, true),
  });
  return exitCodes.ok;
}

/** A node that is no longer registered is still known by its id. */
async function idOf(call: Call, word: string): Promise<string> {
  if (/^[a-z_]+@./u.test(word)) return word;
  const { snapshot } = await readRegistries(call);
  return snapshot === undefined ? word : pickNode(word, snapshot.nodes).id;
}
