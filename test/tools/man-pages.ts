// The manual pages, from the same catalogue as the help. Run: node test/tools/man-pages.ts FOLDER
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { branches, catalogue, groups, type Entry } from '../../src/cli/catalogue.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { globalSpecs } from '../../src/cli/globals.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { exitCodes } from '../../src/lib/errors.ts';
import { exitMeanings } from './errors-doc.ts';
import { bold, example, flags, item, plain, prose } from './man-text.ts';

export interface ManPage {
  /** `syncctl.1`. */
  readonly name: string;
  readonly content: string;
}

const files = [
  ['/etc/sync-controller/config.yaml', 'settings; docs/configuration.md lists every one'],
  ['/var/lib/sync-controller', 'state: what is worth a backup (`syncctl backup`)'],
  ['/run/sync-controller/syncctl.sock', 'socket of the daemon, by which `syncctl` asks it'],
  ['/etc/rancher/k3s/k3s.yaml', 'kubeconfig that is used where none is named'],
] as const;

/** All pages, for one version of the product. */
export async function manPages(version: string): Promise<readonly ManPage[]> {
  const sink = { write: (): boolean => true };
  // Building the tree reads nothing of the context but where text would go.
  const context = { stdout: sink, stderr: sink, env: {}, version } as unknown as CliContext;
  const program = await buildProgram([], context, () => undefined, true);
  const commands = await Promise.all(
    catalogue
      .filter((entry) => entry.hidden !== true)
      .map(async (entry) => ({ entry, examples: (await entry.load()).command.examples })),
  );
  return [
    { name: 'syncctl.1', content: clientPage(version, program, commands) },
    { name: 'sync-controller.8', content: daemonPage(version, program) },
  ];
}

interface Described {
  readonly entry: Entry;
  readonly examples: readonly string[];
}

function page(title: string, version: string, sections: readonly (readonly [string, string])[]): string {
  const [name, section] = title.split('.');
  const head = `.TH ${(name ?? '').toUpperCase().replaceAll('-', '\\-')} ${section ?? ''} "" "sync\\-controller ${version}" "sync\\-controller"`;
  return `${[head, ...sections.map(([heading, text]) => `.SH ${heading}\n${text}`)].join('\n')}\n`;
}

function clientPage(version: string, program: Command, commands: readonly Described[]): string {
  const grouped = Object.entries(groups).map(([group, heading]) => {
    const members = commands.filter(({ entry }) => groupOf(entry) === group);
    const shown = members.map(({ entry, examples }) => described(find(program, entry.path), entry, examples));
    return `.SS "${plain(heading.replace(/:$/u, ''))}"\n${shown.join('\n')}`;
  });
  return page('syncctl.1', version, [
    ['NAME', 'syncctl \\- see and steer the sync\\-controller'],
    ['SYNOPSIS', `${bold('syncctl')} [\\fIoption\\fR ...] \\fIcommand\\fR [\\fIargument\\fR ...]`],
    [
      'DESCRIPTION',
      [
        prose(
          'Keeps every VPS, laptop and worker of a fleet at what the registries say, and proves it. It asks the running daemon, `sync-controller`, through its socket; where none runs, it does the work itself.',
        ),
        '.PP',
        prose('Results go to standard output, logs and progress to standard error.'),
      ].join('\n'),
    ],
    ['COMMANDS', grouped.join('\n')],
    [
      'OPTIONS OF EVERY COMMAND',
      globalSpecs.map((spec) => item(flags(spec.flags), prose(spec.description))).join('\n'),
    ],
    ['EXIT STATUS', exitStatus()],
    ['ENVIRONMENT', environment()],
    ['FILES', fileList()],
    ['SEE ALSO', `${bold('sync-controller')}(8)`],
  ]);
}

function daemonPage(version: string, program: Command): string {
  return page('sync-controller.8', version, [
    ['NAME', 'sync\\-controller \\- bring registry changes to every node, and verify them'],
    [
      'SYNOPSIS',
      `${bold('systemctl start sync-controller')}\n.br\n${bold('sync-controller daemon')} [\\fIoption\\fR ...]`,
    ],
    [
      'DESCRIPTION',
      [
        prose(
          'Watches the registries, plans what each node should hold, pushes what differs over SSH and verifies it: a change is live on every node that answers within seconds, and one that was away has it within seconds of its return.',
        ),
        '.PP',
        prose(
          '`sync-controller` and `syncctl` are one program under two names: every command of the one is a command of the other. The service runs `syncctl daemon`. It is neither enabled nor started by the installation of its package, because a second controller beside a running one would be its rival.',
        ),
        '.PP',
        prose(
          'The daemon says to the service manager when it is ready (the registries are read and a term has begun), and then, again and again, that it lives.',
        ),
      ].join('\n'),
    ],
    ['OPTIONS', optionsOf(find(program, ['daemon']))],
    [
      'SIGNALS',
      [
        item(bold('SIGTERM'), prose('end what is in flight, store the statuses, stop')),
        item(
          bold('SIGHUP'),
          prose(
            'read the settings again (`systemctl reload sync-controller`); the log names what needs a restart',
          ),
        ),
      ].join('\n'),
    ],
    ['EXIT STATUS', exitStatus()],
    ['ENVIRONMENT', environment()],
    ['FILES', fileList()],
    ['SEE ALSO', `${bold('syncctl')}(1), ${bold('systemctl')}(1), ${bold('journalctl')}(1)`],
  ]);
}

/** A command: how it is called, what it does, its own options, and lines that work. */
function described(command: Command, { path, summary }: Entry, examples: readonly string[]): string {
  const words = command.registeredArguments.map((argument) => {
    const shown = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `\\fI${plain(shown)}\\fR` : `[\\fI${plain(shown)}\\fR]`;
  });
  const options = optionsOf(command);
  return [
    '.TP',
    [bold(path.join(' ')), ...words].join(' '),
    prose(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...(options === '' && examples.length === 0 ? [] : ['.RS']),
    ...(options === '' ? [] : [options]),
    ...(examples.length === 0 ? [] : ['.PP', example(examples)]),
    ...(options === '' && examples.length === 0 ? [] : ['.RE']),
  ].join('\n');
}

/** The options that a command has beside those of every command. */
function optionsOf(command: Command): string {
  const everywhere = new Set(globalSpecs.map((spec) => /--[a-z-]+/u.exec(spec.flags)?.[0]));
  const own = command.options.filter(({ long, hidden }) => !hidden && !everywhere.has(long ?? undefined));
  const choices = ({ argChoices }: Option): string =>
    argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  return own
    .map((option) => item(flags(option.flags), prose(`${option.description}${choices(option)}`)))
    .join('\n');
}

function find(program: Command, path: readonly string[]): Command {
  let command: Command | undefined = program;
  for (const word of path) command = command?.commands.find((child) => child.name() === word);
  if (command === undefined) throw new Error(`${path.join(' ')}: expected a command, got none`);
  return command;
}

/** A command below a branch belongs where the branch does. */
function groupOf({ path, group }: Entry): string {
  return branches.find(({ name }) => path.length > 1 && name === path[0])?.group ?? group;
}

function exitStatus(): string {
  return Object.entries(exitCodes)
    .map(([name, code]) => item(bold(String(code)), prose(exitMeanings[name as keyof typeof exitCodes])))
    .join('\n');
}

function environment(): string {
  return [
    item(bold('SYNC_CONTROLLER_CONFIG'), prose('settings file, as --config')),
    item(
      `${bold('SYNC_CONTROLLER_')}\\fISECTION\\fR${bold('_')}\\fINAME\\fR`,
      prose('one setting, such as SYNC_CONTROLLER_LOG_LEVEL=debug; it wins over the settings file'),
    ),
    item(bold('KUBECONFIG'), prose('kubeconfig, where the settings name none')),
    item(bold('NO_COLOR'), prose('no colours')),
  ].join('\n');
}

function fileList(): string {
  return files.map(([path, text]) => item(`\\fI${plain(path)}\\fR`, prose(text))).join('\n');
}

/** Writes the pages into a folder. */
export async function writeManPages(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, content } of await manPages(version)) await writeFile(join(folder, name), content);
}

if (import.meta.main) {
  const root = new URL('../../', import.meta.url).pathname;
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  await writeManPages(process.argv[2] ?? `${root}dist/man`, version);
}
