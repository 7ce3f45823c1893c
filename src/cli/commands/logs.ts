import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { pickNode } from '../pick.ts';
import { readRegistries } from '../registries.ts';
import { thisHost } from '../doctor/host.ts';
import { wrongWord } from '../words.ts';

const unitName = 'sync-controller';

export const command: CommandModule = {
  configure: (logs) => {
    logs
      .argument('[node]', 'lines of one node alone')
      .option('-f, --follow', 'go on with new lines')
      .option('-n, --lines <count>', 'the newest lines', '100')
      .option('--since <time>', 'lines since then: "1 hour ago", 30m, 2025-11-21, today')
      .addHelpText(
        'after',
        '\nReads the journal of the unit; a daemon that runs elsewhere logs to its own output.\n`-n` is the number of lines here, not the namespace.',
      );
  },
  examples: ['syncctl logs -f', 'syncctl logs -n 50 contabo-vps', 'syncctl logs --since "1 hour ago"'],
  run: async (call) => {
    const words = [
      '--unit',
      unitName,
      '--no-pager',
      '--output',
      'short-iso',
      '--lines',
      linesOf(call.text('lines') ?? '100'),
    ];
    const since = call.text('since');
    if (since !== undefined) words.push('--since', sinceOf(since));
    const node = call.word(0);
    if (node !== undefined) words.push('--grep', await patternOf(call, node), '--case-sensitive=true');
    if (call.flag('follow')) words.push('--follow');
    return read(call, words);
  },
};

async function read(call: Call, words: readonly string[]): Promise<number> {
  const { attach, signal } = call.context;
  // journalctl ends well where there is no journal at all, and with --follow it would wait for ever.
  if (!(await hasJournal(call))) throw noJournal('no journal on this machine');
  try {
    const code = await attach('journalctl', words, signal);
    // journalctl ends with 1 where its pattern matches no line.
    return code === 0 || (code === 1 && words.includes('--grep')) ? exitCodes.ok : exitCodes.failure;
  } catch (error) {
    if (signal.aborted) return exitCodes.ok;
    throw noJournal('no journalctl on this machine', error);
  }
}

function noJournal(what: string, cause?: unknown): SyncError {
  const remedy = 'read the output of the daemon where it runs: docker logs, kubectl logs';
  return new SyncError('unavailable', `logs: expected the journal of systemd, got ${what}`, {
    remedy,
    cause,
  });
}

/** Whether journald runs, or has left files that can still be read. */
async function hasJournal(call: Call): Promise<boolean> {
  const host = call.context.host ?? thisHost;
  if ((await host.stat('/run/systemd/journal/socket')) !== undefined) return true;
  const folders = await Promise.all(
    ['/var/log/journal', '/run/log/journal'].map(async (root) =>
      Promise.all((await host.list(root)).map((name) => host.list(`${root}/${name}`))),
    ),
  );
  return folders.flat(2).some((name) => name.endsWith('.journal'));
}

function linesOf(word: string): string {
  if (/^\d{1,7}$/u.test(word) || word === 'all') return word;
  throw wrongWord({ place: '--lines', expected: 'a number of lines, or all', remedy: 'such as -n 50' }, word);
}

const day = String.raw`\d{4}-\d\d-\d\d`;
const time = String.raw`\d\d:\d\d(?::\d\d(?:\.\d+)?)?`;
const zone = String.raw`(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`;
const unit = '(?:s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?|M|months?|y|years?)';
const period = String.raw`\d{1,6} ?${unit}(?: ?\d{1,6} ?${unit}){0,5}`;
const moment = new RegExp(
  `^(?:now|today|yesterday|${day}(?:[ T]${time}${zone})?|${time}|${period} ago|-${period})$`,
  'u',
);

/** A time as journalctl takes it; `10m` as docker and kubectl take it is that long ago. */
function sinceOf(word: string): string {
  if (moment.test(word)) return word;
  if (new RegExp(`^${period}$`, 'u').test(word)) return `${word} ago`;
  throw wrongWord(
    {
      place: '--since',
      expected: 'a time',
      remedy: 'such as "1 hour ago", 30m, today or "2025-11-21 20:45"',
    },
    word,
  );
}

/** Lines name nodes by id; the word may be a name or an address. Without the registries the word itself is looked for. */
async function patternOf(call: Call, word: string): Promise<string> {
  const { snapshot } = await readRegistries(call);
  const words =
    snapshot === undefined ? [word] : ((node) => [node.id, node.name])(pickNode(word, snapshot.nodes));
  return words.map((text) => text.replaceAll(/[^A-Za-z0-9@_-]/gu, String.raw`\$&`)).join('|');
}
