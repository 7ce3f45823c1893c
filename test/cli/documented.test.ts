import { readdir, readFile } from 'node:fs/promises';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { causes } from '../../src/model/cause.ts';
import { site } from './support.ts';

const root = new URL('../../', import.meta.url).pathname;

/** Faults that no placeholder explains away. */
const wrong = new Set(['commander.unknownCommand', 'commander.unknownOption']);

/** Words of a command line as a shell would split it; what follows a pipe or a comment is another command. */
function wordsOf(line: string): string[] {
  const [first = ''] = line.split(/\s(?:\||&&|;|#)|[;,](?:\s|$)/u);
  const words = [...first.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  // `[node…]`, `<file>` and `…` stand for words a person gives.
  return words
    .filter((word) => !/^\[.*|.*\]$|^…$|^\|$/u.test(word))
    .map((word) => word.replace(/[.:]$/u, ''));
}

async function fault(line: string): Promise<string | undefined> {
  const { context } = await site();
  const program = await buildProgram([], context, () => undefined, true);
  try {
    await program.parseAsync(wordsOf(line).slice(1), { from: 'user' });
    return undefined;
  } catch (error) {
    return error instanceof CommanderError && wrong.has(error.code) ? `${line}: ${error.message}` : undefined;
  }
}

async function faults(lines: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(lines.map(fault))).filter((found) => found !== undefined);
}

async function documents(): Promise<readonly string[]> {
  const docs = (await readdir(`${root}docs`, { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  const top = (await readdir(root)).filter((name) => name.endsWith('.md'));
  return [...docs, ...top];
}

describe('every command line that is written down', () => {
  it('is told apart from one that does not exist', async () => {
    const lines = [
      'syncctl pusch',
      'syncctl node ad x',
      'syncctl push --take-ove',
      'syncctl push [node…] --take-over',
    ];
    expect(await faults(lines)).toHaveLength(3);
  });

  it('in a remedy of the catalogue of causes exists', async () => {
    const lines = Object.values(causes).flatMap(({ remedy }) => remedy.match(/syncctl [^;]*/gu) ?? []);
    expect(lines.length).toBeGreaterThan(10);
    expect(await faults(lines)).toEqual([]);
  });

  it('in the examples of a command exists, and names that command', async () => {
    const all = await Promise.all(
      catalogue.map(async ({ path, load }) => ({ path, examples: (await load()).command.examples })),
    );
    for (const { path, examples } of all) {
      const name = `syncctl ${path.join(' ')}`;
      // Options of every command may stand between the two.
      for (const line of examples) expect(line.replaceAll(/ --registry \S+/gu, '')).toContain(name);
    }
    const lines = all.flatMap(({ examples }) => examples.map((line) => line.replace(/^.*<\(|\)$/gu, '')));
    expect(await faults(lines)).toEqual([]);
  });

  it('in a document exists', async () => {
    const lines: string[] = [];
    for (const name of await documents()) {
      const text = await readFile(`${root}${name}`, 'utf8');
      for (const [, span = ''] of text.matchAll(/`((?:sudo )?syncctl [^`\n]+)`/gu))
        lines.push(span.replace(/^sudo /u, ''));
      for (const [, line = ''] of text.matchAll(/^\s*(?:\$ )?(?:sudo )?(syncctl [a-z-].*)$/gmu))
        lines.push(line);
    }
    expect(lines.length).toBeGreaterThan(20);
    expect(await faults(lines)).toEqual([]);
  });
});
