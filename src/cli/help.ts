import { branches, catalogue, groups, type Group } from './catalogue.ts';
import { globalSpecs } from './globals.ts';

type Line = readonly [string, string];

const introduction = `Usage: syncctl [options] [command]

Keeps every VPS, laptop and worker at what the registries say.

The registries come from Kubernetes, or from a folder with --registry DIR.`;

const epilogue = `Examples:
  syncctl health
  syncctl plan && syncctl push
  syncctl --registry ./registry validate

Results go to stdout, logs and progress to stderr. Exit codes: syncctl help <command>, docs/errors.md.`;

/** The first page of help, from the table of commands alone: it is asked for most, so it waits for no parser. */
export function rootHelp(): string {
  const own: readonly Line[] = [
    ['-h, --help', 'print help'],
    ['-V, --version', 'print the version'],
    ['help [command]', 'print help of a command'],
  ];
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ...Object.entries(groups).map(([group, heading]) => [heading, commandsOf(group as Group)] as const),
    ['Options of every command:', globalSpecs.map(({ flags, description }) => [flags, description] as const)],
    ['Help:', own],
  ];
  const width = Math.max(...sections.flatMap(([, lines]) => lines.map(([term]) => term.length))) + 2;
  const shown = sections.map(([heading, lines]) =>
    [heading, ...lines.map(([term, text]) => `  ${term.padEnd(width)}${text}`)].join('\n'),
  );
  return `${[introduction, ...shown, epilogue].join('\n\n')}\n`;
}

/** True where a command line asks for the first page and for nothing else. */
export function asksForRootHelp(argv: readonly string[]): boolean {
  const words = argv.filter((word) => word !== '--no-color');
  return words.length === 1 && ['-h', '--help', 'help'].includes(words[0] ?? '');
}

/** Commands of one group; a branch stands for all its commands. */
function commandsOf(group: Group): readonly Line[] {
  const plain = catalogue
    .filter((entry) => entry.group === group && entry.path.length === 1 && entry.hidden !== true)
    .map(({ path, summary }): Line => [path[0] ?? '', summary]);
  return [
    ...plain,
    ...branches
      .filter((branch) => branch.group === group)
      .map(({ name, summary }): Line => [`${name} …`, summary]),
  ];
}
