import { resolve } from 'node:path';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly registry?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly source?: string;
  readonly config?: string;
  readonly output?: OutputFormat;
  readonly logFormat?: string;
  readonly debug?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The global options as data: the first help page prints them without the parser. */
export const globalSpecs: readonly {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
}[] = [
  { flags: '--registry <dir>', description: 'take the registries from a folder of manifests' },
  {
    flags: '--kubeconfig <file>',
    description: 'take the registries from Kubernetes, through this kubeconfig',
  },
  { flags: '--context <name>', description: 'context of the kubeconfig' },
  { flags: '-n, --namespace <name>', description: 'namespace of the registries' },
  { flags: '--source <name>', description: 'one of several sources, as the setting sources names them' },
  { flags: '--config <file>', description: 'settings file' },
  {
    flags: '-o, --output <format>',
    description: 'form of the result: table, wide, json, yaml',
    choices: outputFormats,
  },
  {
    flags: '--log-format <format>',
    description: 'form of log lines: auto, pretty, json, journal',
    choices: ['auto', 'pretty', 'json', 'journal'],
  },
  { flags: '--debug', description: 'more logs, and the stack of a failure' },
  { flags: '--quiet', description: 'no progress and no notes' },
  { flags: '--no-color', description: 'no colours (as NO_COLOR)' },
];

/** Global options that take a value, in all spellings: the scan for the command's name steps over them. */
export const valued = new Set([
  '--registry',
  '--kubeconfig',
  '--context',
  '-n',
  '--namespace',
  '--source',
  '--config',
  '-o',
  '--output',
  '--log-format',
]);

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
