import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../lib/errors.ts';
import type { RegistryObject } from '../../model/snapshot.ts';
import { registryObjects } from '../../model/snapshot.ts';
import type { FirstSettings } from '../../enrol/setup/settings-text.ts';
import type { Call } from '../call.ts';
import { wrongWord } from '../words.ts';

/** Where K3s leaves the kubeconfig of its administrator. */
const k3sKubeconfig = '/etc/rancher/k3s/k3s.yaml';

export interface FoundSource {
  readonly source: FirstSettings['source'];
  /** Why it is this one, for the person who reads. */
  readonly because: string;
  /** Objects that do not exist yet. */
  readonly missing: readonly RegistryObject[];
  readonly settings: Settings;
}

/**
 * Finds where the registries live: what the words say, what the settings say that are there already, else K3s, else a folder.
 * @throws SyncError `unavailable` where a cluster is there and does not answer: a folder beside it would be a second truth.
 */
export async function findSource(call: Call, settingsFile: string): Promise<FoundSource> {
  const { settings, source, because } = await chosen(call, settingsFile);
  if (source.kind === 'directory' && !existsSync(source.directory))
    return { source, because, settings, missing: registryObjects };
  const opened = await call.keep(call.context.openSource(settings));
  const reading = await opened.read(call.context.signal);
  if (reading.kind === 'read') return { source, because, settings, missing: reading.missing };
  throw new SyncError(
    'unavailable',
    `init: expected an answer of ${opened.health().location} (${because}), got: ${reading.reason}`,
    {
      remedy:
        source.kind === 'kubernetes'
          ? `${reading.remedy}; or, without a cluster: syncctl init --source directory`
          : reading.remedy,
    },
  );
}

async function chosen(call: Call, settingsFile: string): Promise<Omit<FoundSource, 'missing'>> {
  const words = sourceWords(call);
  if (existsSync(settingsFile) && words === undefined && !call.flag('force')) {
    const settings = await call.loadSettings();
    const { kind, directory = '', kubeconfig } = settings.source;
    const wanted = call.text('source');
    if (wanted !== undefined && wanted !== kind)
      throw wrongWord(
        {
          place: '--source',
          expected: `${kind}, as ${settingsFile} says`,
          remedy: 'pass --force to write it anew',
        },
        wanted,
      );
    const because = `as ${settingsFile} says`;
    return kind === 'directory'
      ? { settings, because, source: { kind, directory } }
      : {
          settings,
          because,
          source: { kind, kubeconfig: kubeconfig ?? kubeconfigOf(call) ?? k3sKubeconfig },
        };
  }
  const found = words ?? detected(call, settingsFile);
  const flags =
    found.source.kind === 'kubernetes'
      ? { 'source.kind': 'kubernetes', 'source.kubeconfig': found.source.kubeconfig }
      : { 'source.kind': 'directory', 'source.directory': found.source.directory };
  const { env, uid } = call.context;
  const { settings } = await call.context.loadSettings({ env, uid, flags });
  return { settings, ...found };
}

type Choice = Pick<FoundSource, 'source' | 'because'>;

function sourceWords(call: Call): Choice | undefined {
  const kind = call.text('source');
  const { registry, kubeconfig } = call.globals;
  if (kind !== undefined && kind !== 'kubernetes' && kind !== 'directory')
    throw wrongWord(
      { place: '--source', expected: 'kubernetes or directory', remedy: 'leave it out to look for K3s' },
      kind,
    );
  if (registry !== undefined)
    return {
      source: { kind: 'directory', directory: absolute(call, registry) },
      because: 'as --registry says',
    };
  if (kind === 'directory') return undefined;
  const named = kubeconfig ?? (kind === 'kubernetes' ? (kubeconfigOf(call) ?? k3sKubeconfig) : undefined);
  return named === undefined
    ? undefined
    : {
        source: { kind: 'kubernetes', kubeconfig: absolute(call, named) },
        because: 'as the command line says',
      };
}

function detected(call: Call, settingsFile: string): Choice {
  const kubeconfig = call.text('source') === 'directory' ? undefined : kubeconfigOf(call);
  if (kubeconfig !== undefined)
    return { source: { kind: 'kubernetes', kubeconfig }, because: `${kubeconfig} is there` };
  const directory = join(dirname(settingsFile), 'registry');
  const because =
    call.text('source') === 'directory' ? 'as --source says' : 'no K3s and no kubeconfig is here';
  return { source: { kind: 'directory', directory }, because };
}

function kubeconfigOf({ context }: Call): string | undefined {
  const home = context.env['HOME'] ?? homedir();
  return [context.env['KUBECONFIG'] ?? '', k3sKubeconfig, join(home, '.kube', 'config')].find(
    (file) => file !== '' && existsSync(file),
  );
}

function absolute({ context }: Call, path: string): string {
  return isAbsolute(path) ? path : resolve(context.cwd, path);
}
