import type * as z from 'zod';
import { SyncError } from '../lib/errors.ts';
import { fromEnvironment } from './environment.ts';
import { readSettingsFile, type SettingsFile } from './file.ts';
import { leaves, variableOf } from './leaves.ts';
import { expandHome, placesOf, settingsFiles, type Surroundings } from './places.ts';
import { nearest, refusal } from './refusal.ts';
import { settingsSchema, type WrittenSettings } from './schema.ts';
import type { Loaded, Origin, Settings } from './settings.ts';

/** What a command line adds to the surroundings. */
export interface Given extends Surroundings {
  /** The file named by `--config`; it must exist. */
  readonly file?: string | undefined;
  /** Values of options by dotted path: `{ 'source.directory': '/srv/registry' }`; undefined entries are ignored. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/**
 * The settings: file, overridden by the environment, overridden by options.
 * @throws SyncError `config` naming the line, the expectation, the value and the remedy.
 */
export async function loadSettings(given: Given): Promise<Loaded> {
  const file = await findFile(given);
  const tree = mappingOf(file);
  const origins = new Map<string, Origin>();
  for (const leaf of leaves()) if (has(tree, leaf.path)) origins.set(leaf.path.join('.'), 'file');
  overlay({ tree, origins }, fromEnvironment(given.env), 'environment');
  overlay({ tree, origins }, fromFlags(given.flags ?? {}), 'flag');
  const parsed = settingsSchema.safeParse(tree);
  if (!parsed.success) throw firstProblem(parsed.error, { tree, file, origins });
  // Whoever names a source on the command line means that one alone.
  const named = [...origins].some(([path, origin]) => path.startsWith('source.') && origin === 'flag');
  const written = named ? { ...parsed.data, sources: [] } : withHome(parsed.data, { tree, file });
  return { settings: resolve(crossChecked(written, file), given), file: file?.path, origins };
}

async function findFile(given: Given): Promise<SettingsFile | undefined> {
  const named = given.file ?? given.env['SYNC_CONTROLLER_CONFIG'];
  if (named !== undefined && named !== '') {
    const file = await readSettingsFile(expandHome(named, given));
    if (file !== undefined) return file;
    throw refusal({
      place: given.file === undefined ? 'environment variable SYNC_CONTROLLER_CONFIG' : '--config',
      expected: 'an existing file',
      value: named,
      remedy: 'copy deploy/config.example.yaml there',
    });
  }
  for (const path of settingsFiles(given)) {
    const file = await readSettingsFile(path);
    if (file !== undefined) return file;
  }
  return undefined;
}

type Tree = Record<string, unknown>;

function mappingOf(file: SettingsFile | undefined): Tree {
  const value = file?.value ?? {};
  if (isTree(value)) return structuredClone(value);
  throw refusal({
    place: file?.path ?? 'settings',
    expected: 'a mapping of settings',
    value,
    remedy: 'see deploy/config.example.yaml',
  });
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(tree: Tree, path: readonly string[]): boolean {
  let node: unknown = tree;
  for (const part of path) {
    if (!isTree(node) || !Object.hasOwn(node, part)) return false;
    node = node[part];
  }
  return true;
}

interface Target {
  readonly tree: Tree;
  readonly origins: Map<string, Origin>;
}

function overlay(
  target: Target,
  values: Iterable<{ readonly path: readonly string[]; readonly value: unknown }>,
  origin: Origin,
): void {
  for (const { path, value } of values) {
    let node = target.tree;
    for (const part of path.slice(0, -1)) {
      const next = Object.hasOwn(node, part) ? node[part] : undefined;
      // A section that is no mapping stays as it is: the schema refuses it with its line.
      if (next !== undefined && next !== null && !isTree(next)) break;
      const child = isTree(next) ? next : {};
      node[part] = child;
      node = child;
    }
    node[path.at(-1) ?? ''] = value;
    target.origins.set(path.join('.'), origin);
  }
}

function fromFlags(flags: Readonly<Record<string, unknown>>): { path: readonly string[]; value: unknown }[] {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([path, value]) => ({ path: path.split('.'), value }));
}

interface Context extends Target {
  readonly file: SettingsFile | undefined;
}

/** The first problem as a refusal: one sentence is read, twenty are not. */
function firstProblem(error: z.ZodError, context: Context): SyncError {
  const issue = error.issues[0];
  if (issue === undefined) return new SyncError('config', 'settings: invalid');
  if (issue.code === 'unrecognized_keys') return unknownKey([...issue.path, issue.keys[0] ?? ''], context);
  const path = issue.path.join('.');
  const remedy = 'see docs/configuration.md for the default';
  return refusal({
    place: placeOf(issue.path, context),
    expected: issue.message,
    value: valueAt(context.tree, issue.path),
    remedy: path === '' ? remedy : `remove it for the default, or ${remedy.replace(' for the default', '')}`,
  });
}

function unknownKey(path: readonly PropertyKey[], context: Context): SyncError {
  const dotted = path.join('.');
  const meant =
    nearest(
      dotted,
      leaves().map((leaf) => leaf.path.join('.')),
    ) ?? nearest(dotted, Object.keys(settingsSchema.shape));
  const remedy =
    meant === undefined ? 'remove it; docs/configuration.md lists every setting' : `did you mean ${meant}?`;
  return refusal({
    place: placeOf(path, context),
    expected: 'the name of a setting',
    value: String(path.at(-1)),
    remedy,
  });
}

function placeOf(path: readonly PropertyKey[], context: Context): string {
  const names = path.filter((part) => typeof part === 'string');
  const dotted = path.join('.');
  switch (context.origins.get(names.join('.'))) {
    case 'environment':
      return `environment variable ${variableOf(names)}`;
    case 'flag':
      return `option for ${dotted}`;
    default:
      return context.file === undefined ? dotted : `${context.file.at(path)}: ${dotted}`;
  }
}

function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, part) =>
      typeof node === 'object' && node !== null ? (node as Record<PropertyKey, unknown>)[part] : undefined,
    tree,
  );
}

/** The first of several sources stands where the only one would. */
function withHome(
  settings: WrittenSettings,
  { tree, file }: Pick<Context, 'tree' | 'file'>,
): WrittenSettings {
  const [home] = settings.sources;
  if (home === undefined) return settings;
  for (const name of ['kind', 'directory', 'kubeconfig', 'context', 'namespace'])
    if (has(tree, ['source', name]))
      throw refusal({
        place: file === undefined ? `source.${name}` : `${file.at(['source', name])}: source.${name}`,
        expected: 'nothing here, because sources says where the registries are',
        value: valueAt(tree, ['source', name]),
        remedy: `remove it, or write it into an entry of sources`,
      });
  const { kind, directory, kubeconfig, context, namespace } = home;
  return { ...settings, source: { ...settings.source, kind, directory, kubeconfig, context, namespace } };
}

/** What no single setting can know. */
function crossChecked(settings: WrittenSettings, file: SettingsFile | undefined): WrittenSettings {
  const at = (...path: string[]): string =>
    file === undefined ? path.join('.') : `${file.at(path)}: ${path.join('.')}`;
  const { source, watch, presence } = settings;
  if (settings.observeOnly && settings.sources.length > 1)
    throw refusal({
      place: at('observeOnly'),
      expected: 'false, because sources names several clusters and only one can be taken over at a time',
      value: true,
      remedy: 'name the one cluster under source until `syncctl adopt` is done',
    });
  if (source.kind === 'directory' && source.directory === undefined) {
    throw refusal({
      place: at('source', 'directory'),
      expected: 'a folder, because source.kind is directory',
      value: null,
      remedy: 'set it, or pass --registry DIR',
    });
  }
  if (watch.quietMs > watch.capMs) {
    throw refusal({
      place: at('watch', 'quietMs'),
      expected: `at most watch.capMs (${String(watch.capMs)})`,
      value: watch.quietMs,
      remedy: 'raise watch.capMs',
    });
  }
  if (presence.probeMs > presence.slowProbeMs) {
    throw refusal({
      place: at('presence', 'probeMs'),
      expected: `at most presence.slowProbeMs (${String(presence.slowProbeMs)})`,
      value: presence.probeMs,
      remedy: 'raise presence.slowProbeMs',
    });
  }
  const { api, webhook } = settings;
  if (api.listen === 'off' && (webhook.secretFile ?? webhook.secretVariable) !== undefined) {
    throw refusal({
      place: at('api', 'listen'),
      expected: 'an address, because a webhook is set and is served there',
      value: api.listen,
      remedy: 'set api.listen, or remove the section webhook',
    });
  }
  return settings;
}

function resolve(written: WrittenSettings, given: Given): Settings {
  const expand = (path: string): string => expandHome(path, given);
  const optional = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : expand(path);
  const { source, ssh, status, daemon, api, webhook, admission, traces } = written;
  return {
    ...written,
    source: { ...source, directory: optional(source.directory), kubeconfig: optional(source.kubeconfig) },
    sources: written.sources.map((one) => ({
      ...one,
      directory: optional(one.directory),
      kubeconfig: optional(one.kubeconfig),
    })),
    ssh: {
      ...ssh,
      identity: ssh.identity.map(expand),
      knownHosts: ssh.knownHosts.map(expand),
      agent: optional(ssh.agent),
    },
    api: { ...api, certificate: optional(api.certificate), key: optional(api.key) },
    webhook: { ...webhook, secretFile: optional(webhook.secretFile) },
    admission: {
      ...admission,
      certificate: optional(admission.certificate),
      key: optional(admission.key),
    },
    traces: { ...traces, tokenFile: optional(traces.tokenFile) },
    status: {
      ...status,
      writeBack: status.writeBack === 'auto' ? source.kind === 'kubernetes' : status.writeBack,
    },
    secrets: { ...written.secrets, identity: written.secrets.identity.map(expand) },
    daemon: { stopMs: daemon.stopMs, ...placesOf(daemon, given) },
  };
}
