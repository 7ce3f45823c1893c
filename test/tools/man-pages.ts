// The manual pages, from the same catalogue as the help. Run: node test/tools/man-pages.ts FOLDER
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groups } from '../../src/cli/catalogue.ts';
import { globalSpecs } from '../../src/cli/globals.ts';
import { exitCodes } from '../../src/lib/errors.ts';
import { describedCommands, type DescribedCommand } from './described-commands.ts';
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
  const commands = await describedCommands(version);
  return [
    { name: 'syncctl.1', content: clientPage(version, commands) },
    { name: 'sync-controller.8', content: daemonPage(version, commands) },
  ];
}

function page(title: string, version: string, sections: readonly (readonly [string, string])[]): string {
  const [name, section] = title.split('.');
  const head = `.TH ${(name ?? '').toUpperCase().replaceAll('-', '\\-')} ${section ?? ''} "" "sync\\-controller ${version}" "sync\\-controller"`;
  return `${[head, ...sections.map(([heading, text]) => `.SH ${heading}\n${text}`)].join('\n')}\n`;
}

function clientPage(version: string, commands: readonly DescribedCommand[]): string {
  const grouped = Object.entries(groups).map(([group, heading]) => {
    const shown = commands.filter((command) => command.group === group).map(described);
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

function daemonPage(version: string, commands: readonly DescribedCommand[]): string {
  const daemon = commands.find(({ path }) => path.join(' ') === 'daemon');
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
    ['OPTIONS', optionItems(daemon?.options ?? [])],
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
function described({ path, words, summary, options, examples }: DescribedCommand): string {
  const called = words.map(({ name, required }) =>
    required ? `\\fI${plain(name)}\\fR` : `[\\fI${plain(name)}\\fR]`,
  );
  const isBare = options.length === 0 && examples.length === 0;
  return [
    '.TP',
    [bold(path.join(' ')), ...called].join(' '),
    prose(summary),
    ...(isBare ? [] : ['.RS']),
    ...(options.length === 0 ? [] : [optionItems(options)]),
    ...(examples.length === 0 ? [] : ['.PP', example(examples)]),
    ...(isBare ? [] : ['.RE']),
  ].join('\n');
}

function optionItems(options: DescribedCommand['options']): string {
  return options.map((option) => item(flags(option.flags), prose(option.description))).join('\n');
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
