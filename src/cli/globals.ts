import { resolve } from 'node:path';
import { Option, type Command } from 'commander';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly registry?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly config?: string;
  readonly output?: OutputFormat;
  readonly logFormat?: string;
  readonly debug?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

const options = (): Option[] => [
  new Option('--registry <dir>', 'take the registries from a folder of manifests'),
  new Option('--kubeconfig <file>', 'take the registries from Kubernetes, through this kubeconfig'),
  new Option('--context <name>', 'context of the kubeconfig'),
  new Option('-n, --namespace <name>', 'namespace of the registries'),
  new Option('--config <file>', 'settings file'),
  new Option('-o, --output <format>', 'form of the result').choices(outputFormats),
  new Option('--log-format <format>', 'form of log lines').choices(['auto', 'pretty', 'json', 'journal']),
  new Option('--debug', 'more logs, and the stack of a failure'),
  new Option('--quiet', 'no progress and no notes'),
  new Option('--no-color', 'no colours (as NO_COLOR)'),
];

/** Global options that take a value, in all spellings: the scan for the command's name steps over them. */
export const valued = new Set([
  '--registry',
  '--kubeconfig',
  '--context',
  '-n',
  '--namespace',
  '--config',
  '-o',
  '--output',
  '--log-format',
]);

/** Adds the global options; a command's own short flag wins over a global one (`logs -n 50`). */
export function addGlobals(command: Command, visible: boolean): void {
  const taken = new Set(command.options.flatMap((option) => [option.short, option.long]));
  for (const option of options()) {
    if (taken.has(option.long)) continue;
    const free =
      option.short !== undefined && taken.has(option.short)
        ? new Option(option.flags.replace(/^-\w, /u, ''), option.description)
        : option;
    // `--no-color` defaults to true, which would hide what was given on the other level.
    command.addOption(free.hideHelp(!visible).helpGroup('Options of every command:'));
  }
}

/** The settings that the global options give, by dotted path. */
export function settingsFlags(globals: GlobalOptions, cwd: string): Record<string, unknown> {
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined || path.startsWith('~/') ? path : resolve(cwd, path);
  const cluster = globals.kubeconfig ?? globals.context ?? globals.namespace;
  return {
    'source.kind':
      globals.registry !== undefined ? 'directory' : cluster === undefined ? undefined : 'kubernetes',
    'source.directory': absolute(globals.registry),
    'source.kubeconfig': absolute(globals.kubeconfig),
    'source.context': globals.context,
    'source.namespace': globals.namespace,
    'log.format': globals.logFormat,
    'log.level': globals.debug === true ? 'debug' : undefined,
  };
}

/** True where the command line itself names a source, instead of the settings. */
export function namesSource(globals: GlobalOptions): boolean {
  return (globals.registry ?? globals.kubeconfig ?? globals.context ?? globals.namespace) !== undefined;
}
