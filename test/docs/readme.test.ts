import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { branches, catalogue } from '../../src/cli/catalogue.ts';
import { causes } from '../../src/model/cause.ts';
import { brokenLinks } from './cites.ts';
import { commandLines, commandTree, lineProblem } from './command-lines.ts';
import { codeOf, linksOf } from './markdown.ts';
import { root } from './titles.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'registry/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];
const program = await commandTree();

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links only to files and headings that exist', () => {
    expect(brokenLinks(linksOf(text), page)).toEqual([]);
  });

  it('names only make targets that exist', () => {
    const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gmu)].map((match) => match[1]));
    const named = codeOf(text).flatMap((code) =>
      [...code.matchAll(/(?:^|&& |\$\()make(?: -s)? ([a-z-]+)/gu)].map((match) => match[1]),
    );
    expect(named.filter((target) => !targets.has(target))).toEqual([]);
  });

  it('gives only command lines that syncctl takes', () => {
    expect(
      codeOf(text)
        .flatMap(commandLines)
        .flatMap((line) => lineProblem(program, line)),
    ).toEqual([]);
  });
});

describe('README.md', () => {
  it('lists every command in its table', () => {
    const listed = new Set(
      codeOf(read('README.md'))
        .flatMap(commandLines)
        .map((line) => line.join(' ')),
    );
    const missing = catalogue
      .filter(({ hidden }) => hidden !== true)
      .map(({ path }) => path.join(' '))
      .filter((path) => !listed.has(path));
    expect(missing).toEqual([]);
  });

  it('shows a real run', () => {
    const text = read('README.md');
    expect(text).toContain('Node Health Status');
    expect(text).not.toContain('stands here once');
  });
});

describe('CHANGELOG.md', () => {
  it('has a section for the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('CHANGELOG.md')).toContain(`\n## [${version}]`);
  });
});

describe('docs/operations.md', () => {
  it('explains every cause class and no other', () => {
    const from = read('docs/operations.md').split('## Troubleshooting by cause class\n')[1] ?? '';
    const words = new Set([...from.matchAll(/`([a-z_]+)`/gu)].map((match) => match[1] ?? ''));
    // Where the wait for the next attempt is no fault, there is nothing to explain.
    const expected = Object.keys(causes).filter((name) => name !== 'waiting_retry');
    expect(expected.filter((name) => !words.has(name))).toEqual([]);
  });
});

describe('what doctor says, as the manual quotes it', () => {
  const folder = join(root, 'src/cli/doctor');
  const said = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const meanings = Object.entries(causes).map(([name, { meaning }]) => `${meaning} (${name}`);
  const quotes = codeOf(read('docs/operations.md')).flatMap(
    (code) => /^(?:[a-z]+): (.*[a-z]{4}.*)$/u.exec(code)?.[1] ?? [],
  );

  it.each(quotes)('%s', (quote) => {
    // States of systemd and numbers are filled in at run time.
    const parts = quote.split('…').map((part) =>
      part
        .replace(/^ is (?:failed|inactive)$/u, '')
        .trim()
        .replace(/\)$/u, ''),
    );
    expect(parts.filter((part) => part !== '' && !said.includes(part) && !meanings.includes(part))).toEqual(
      [],
    );
  });

  it('is quoted at all', () => {
    expect(quotes.length).toBeGreaterThan(15);
  });
});

describe('the remedy of a cause class', () => {
  it.each(Object.entries(causes))(
    '%s is a command that syncctl takes, or one of the system',
    (_name, { remedy }) => {
      const filled = remedy.replaceAll('{type}', 'vps_nodes').replaceAll(/\{[a-z]+\}/gu, 'x');
      expect(commandLines(filled).flatMap((line) => lineProblem(program, line))).toEqual([]);
    },
  );
});

describe('the check of command lines', () => {
  it.each([
    ['syncctl pull', 'syncctl pull: no such command'],
    ['sudo -u admin syncctl node lst', 'syncctl node lst: no such command'],
    ['sudo syncctl push --fast', 'syncctl push --fast: no option --fast'],
    ['syncctl pause contabo-vps', 'syncctl pause contabo-vps: misses --reason'],
  ])('refuses %s', (text, problem) => {
    expect(commandLines(text).flatMap((line) => lineProblem(program, line))).toEqual([problem]);
  });

  it('takes apart pipes, remarks and quotes', () => {
    expect(
      commandLines('syncctl plan && syncctl push | tee x # then `syncctl logs --since "1 hour ago"`'),
    ).toEqual([['plan'], ['push']]);
    expect(branches.map(({ name }) => name)).toContain('node');
  });
});
