import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { pickNode } from '../pick.ts';
import { readRegistries } from '../registries.ts';
import { wrongWord } from '../words.ts';

const unit = 'sync-controller';

export const command: CommandModule = {
  configure: (logs) => {
    logs
      .argument('[node]', 'lines of one node alone')
      .option('-f, --follow', 'go on with new lines')
      .option('-n, --lines <count>', 'the newest lines', '100')
      .option('--since <time>', 'lines since then: "1 hour ago", 2025-11-21, today')
      .addHelpText(
        'after',
        '\nReads the journal of the unit. A daemon that runs elsewhere logs to its own output; `-n` is the number of lines here, not the namespace.',
      );
  },
  examples: ['syncctl logs -f', 'syncctl logs -n 50 contabo-vps', 'syncctl logs --since "1 hour ago"'],
  run: async (call) => {
    const words = [
      '--unit',
      unit,
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
  try {
    const code = await attach('journalctl', words, signal);
    // journalctl ends with 1 where its pattern matches no line.
    return code === 0 || (code === 1 && words.includes('--grep')) ? exitCodes.ok : exitCodes.failure;
  } catch (error) {
    if (signal.aborted) return exitCodes.ok;
    const remedy = 'read the output of the daemon where it runs: docker logs, kubectl logs';
    throw new SyncError(
      'unavailable',
      'logs: expected the journal of systemd, got no journalctl on this machine',
      { remedy, cause: error },
    );
  }
}

function linesOf(word: string): string {
  if (/^\d{1,7}$/u.test(word) || word === 'all') return word;
  throw wrongWord({ place: '--lines', expected: 'a number of lines, or all', remedy: 'such as -n 50' }, word);
}

function sinceOf(word: string): string {
  // A word of its own for journalctl; it must not look like one of its options.
  if (/^[0-9A-Za-z][0-9A-Za-z :+.,-]{0,63}$/u.test(word)) return word;
  throw wrongWord(
    { place: '--since', expected: 'a time as journalctl takes it', remedy: 'such as "1 hour ago"' },
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
