import type { Command } from 'commander';
import { exitCodes } from '../../lib/errors.ts';
import { within } from '../../lib/abort.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { settingsFlags, valued, type GlobalOptions } from '../globals.ts';

/** A shell waits for this while somebody holds the tab key. */
const patienceMs = 300;

export const command: CommandModule = {
  configure: (complete) => {
    complete.argument('[words...]').allowUnknownOption().helpOption(false).passThroughOptions();
  },
  examples: [],
  run: async (call) => {
    const words = call.words(0);
    const found = await candidates(call, words.slice(0, -1), words.at(-1) ?? '').catch(() => []);
    if (found.length > 0) call.context.stdout.write(`${found.join('\n')}\n`);
    return exitCodes.ok;
  },
};

/** What may follow the words: options after a dash, else commands, else names from the registries. */
async function candidates(
  call: Call,
  before: readonly string[],
  current: string,
): Promise<readonly string[]> {
  const { command: at, operands } = descend(await call.tree(), before);
  const previous = before.at(-1) ?? '';
  const option = at.options.find(({ short, long }) => short === previous || long === previous);
  const starting = (all: readonly string[]): readonly string[] =>
    all.filter((word) => word.startsWith(current));
  if (option?.argChoices !== undefined) return starting(option.argChoices);
  if (option?.required === true) return [];
  if (current.startsWith('-'))
    return starting(at.options.flatMap(({ long, hidden }) => (long === undefined || hidden ? [] : [long])));
  if (at.commands.length > 0)
    return starting(
      at.commands.filter((child) => !child.name().startsWith('_')).map((child) => child.name()),
    );
  return starting(await names(call, at, { operands, before }));
}

function descend(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly operands: number } {
  let command = program;
  let operands = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word.startsWith('-')) {
      if (valued.has(word)) index += 1;
      continue;
    }
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (child === undefined) operands += 1;
    else command = child;
  }
  return { command, operands };
}

/** Names that an argument may take: of nodes, services or domains. Only from a folder, or from what was last read: never over a network. */
async function names(
  call: Call,
  at: Command,
  given: { readonly operands: number; readonly before: readonly string[] },
): Promise<readonly string[]> {
  const argument = at.registeredArguments[Math.min(given.operands, at.registeredArguments.length - 1)];
  if (argument === undefined || (given.operands >= at.registeredArguments.length && !argument.variadic))
    return [];
  const snapshot = await within(call.context.completionMs ?? patienceMs, call.context.signal, () =>
    quickSnapshot(call, given.before),
  );
  const kind = argument.name();
  if (kind === 'node' || kind === 'nodes')
    return [...(snapshot?.nodes.values() ?? [])].map(({ name }) => name);
  if (kind === 'service') return [...(snapshot?.services.keys() ?? [])];
  if (kind === 'domain' || kind === 'domains') return [...(snapshot?.domains.keys() ?? [])];
  return argument.argChoices ?? [];
}

async function quickSnapshot(
  call: Call,
  before: readonly string[],
): Promise<Awaited<ReturnType<typeof import('../registries.ts').readRegistries>>['snapshot']> {
  const folder = before[before.indexOf('--registry') + 1];
  const globals: GlobalOptions =
    before.includes('--registry') && folder !== undefined ? { registry: folder } : {};
  for (const [path, value] of Object.entries(settingsFlags(globals, call.context.cwd)))
    if (value !== undefined) call.override(path, value);
  const settings = await call.settings();
  if (settings.source.kind !== 'directory') return undefined;
  const { readRegistries } = await import('../registries.ts');
  return (await readRegistries(call)).snapshot;
}
