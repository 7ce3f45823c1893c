// Writes docs/cli.md from the catalogue of commands; with --check it only compares. Run: node test/tools/cli-doc.ts
import { groups } from '../../src/cli/catalogue.ts';
import { globalSpecs } from '../../src/cli/globals.ts';
import { describedCommands, type DescribedCommand } from './described-commands.ts';
import { settle, type Generated } from './generated.ts';

const head = `# Commands

<!-- Written by \`node test/tools/cli-doc.ts\` from src/cli/; a test fails when it differs. -->

Every command with its own options and lines that work, as \`syncctl help\` tells them. What \`-o json\` promises is in [cli-json.md](cli-json.md), the exit codes in
[errors.md](errors.md), settings in [configuration.md](configuration.md).

## Options of every command
`;

/** The generated page. */
export async function cliPage(): Promise<Generated> {
  const commands = await describedCommands('');
  const sections = Object.entries(groups).flatMap(([group, heading]) => [
    `## ${heading.replace(/:$/u, '')}\n`,
    ...commands.filter((command) => command.group === group).map(sectionOf),
  ]);
  const everywhere = optionTable(globalSpecs);
  return { path: 'docs/cli.md', content: `${[head, everywhere, ...sections].join('\n').trimEnd()}\n` };
}

function sectionOf({ path, words, summary, options, examples }: DescribedCommand): string {
  const called = words.map(({ name, required }) => (required ? `*${name}*` : `[*${name}*]`));
  const lines = examples.length === 0 ? [] : ['```bash', ...examples, '```', ''];
  return [
    `### syncctl ${path.join(' ')}`,
    '',
    called.length === 0 ? summary : `Takes ${called.join(' ')}. ${summary}`,
    '',
    ...(options.length === 0 ? [] : [optionTable(options)]),
    ...lines,
  ].join('\n');
}

function optionTable(options: readonly { readonly flags: string; readonly description: string }[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const rows = options.map(({ flags, description }) => `| ${cell(flags)} | ${cell(description)} |`);
  return ['| Option | Meaning |', '|---|---|', ...rows, ''].join('\n');
}

if (import.meta.main) settle([await cliPage()]);
