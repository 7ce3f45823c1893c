import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isoSeconds } from '../../lib/clock.ts';
import { dedicatedKeys } from '../../transport/endpoint.ts';
import * as first from '../../enrol/setup/first-objects.ts';
import { applyManifest, findKubectl, rbacText } from '../../enrol/setup/rbac.ts';
import {
  keptBeside,
  readSettingsText,
  settingsText,
  withObserveOnly,
  writeSettingsText,
} from '../../enrol/setup/settings-text.ts';
import { makeLoginKey } from '../../enrol/setup/ssh-key.ts';
import { SyncError } from '../../lib/errors.ts';
import { writeAtomic } from '../../lib/files.ts';
import { clusterDomain, domain } from '../../registry/grammar.ts';
import type { Call } from '../call.ts';
import { stampOf } from '../stamp.ts';
import { checked } from '../words.ts';
import type { Deed, Kept } from './deed.ts';
import type { FoundSource } from './find-source.ts';

/** What setting up stands on. */
export interface InitGround {
  readonly call: Call;
  readonly settingsFile: string;
  readonly found: FoundSource;
  /** Look first: the predecessor still runs. */
  readonly takeover: boolean;
  /** Keys beside the usual ones, which the predecessor logged in with. */
  readonly identity: readonly string[];
}

/** The settings file: a new one, or nothing; what is there is replaced only where somebody says so. */
export async function settingsDeed(ground: InitGround): Promise<Deed | Kept> {
  const { call, settingsFile, found, takeover, identity } = ground;
  const name = 'settings';
  const present = await readSettingsText(settingsFile);
  const fresh = settingsText({ source: found.source, observeOnly: takeover, identity });
  const text =
    present === undefined || call.flag('force') ? fresh : takeover ? withObserveOnly(present) : present;
  if (text === present) return { name, kept: `${settingsFile} stays as it is` };
  const kept = present === undefined ? undefined : keptBeside(settingsFile);
  return {
    name,
    what: `write ${settingsFile}${kept === undefined ? '' : `; the present one is kept as ${kept}`}`,
    undo: kept === undefined ? `sudo rm ${settingsFile}` : `sudo mv ${kept} ${settingsFile}`,
    shows: text,
    run: async () => {
      const { mkdir } = await import('node:fs/promises');
      await mkdir(dirname(settingsFile), { recursive: true, mode: 0o755 });
      if (kept !== undefined) await copyFile(settingsFile, kept);
      writeSettingsText(settingsFile, text);
    },
  };
}

/** The key that logs in to nodes. */
export function keyDeed({ call, found, identity }: InitGround): Deed | Kept {
  const { env, uid } = call.context;
  const named = [...found.settings.ssh.identity, ...identity, ...dedicatedKeys({ env, uid })];
  const present = named.find((path) => existsSync(path));
  if (present !== undefined) return { name: 'key', kept: `the key ${present} is used` };
  const path = named[0] ?? '';
  return {
    name: 'key',
    what: `make the SSH key ${path}`,
    undo: `sudo rm ${path} ${path}.pub`,
    run: () => makeLoginKey(path),
  };
}

/** The registries that do not exist; of those that do, nothing is touched. */
export function registriesDeed(ground: InitGround): Deed | Kept {
  const { call, found } = ground;
  const name = 'registries';
  if (ground.takeover && found.missing.length > 0) return missingFolder(ground);
  if (found.missing.length === 0) return { name, kept: 'the registries are there, and stay as they are' };
  const stamp = stampOf(call, isoSeconds(call.context.clock.now()));
  const texts = first
    .firstTexts(clusterWords(call), stamp)
    .filter(({ object }) => found.missing.includes(object));
  const { source } = found;
  const where =
    source.kind === 'directory' ? source.directory : `namespace ${found.settings.source.namespace}`;
  return {
    name,
    what: `create ${found.missing.join(', ')} in ${where}`,
    undo:
      source.kind === 'directory'
        ? `sudo rm -r ${source.directory}`
        : `kubectl -n ${found.settings.source.namespace} delete configmap ${found.missing.map((object) => found.settings.source.names[object]).join(' ')}`,
    run: async () => {
      if (source.kind === 'directory') await first.makeRegistryFolder(source.directory);
      await first.createMissing(await call.keep(call.context.openSource(found.settings)), texts);
    },
  };
}

/** An observer makes no registry; only the folder in which they will stand has to be there. */
function missingFolder({ found: { source, missing } }: InitGround): Deed | Kept {
  const name = 'registries';
  if (source.kind !== 'directory' || existsSync(source.directory))
    return { name, kept: `${missing.join(', ')}: missing, and made by the adoption` };
  const { directory } = source;
  return {
    name,
    what: `make the folder ${directory}; the registries in it are made by the adoption`,
    undo: `sudo rmdir ${directory}`,
    run: () => first.makeRegistryFolder(directory),
  };
}

function clusterWords(call: Call): first.ClusterWords {
  const publicDomain = call.text('publicDomain');
  return {
    name: hostname(),
    domain: checked(clusterDomain, call.text('clusterDomain') ?? 'cluster', '--cluster-domain'),
    publicDomain: publicDomain === undefined ? undefined : checked(domain, publicDomain, '--public-domain'),
  };
}

/** The manifest of the least rights, for a controller that runs with a service account instead of the administrator's kubeconfig. */
export async function rbacDeeds({
  call,
  found,
  settingsFile,
}: InitGround): Promise<readonly (Deed | Kept)[]> {
  const { source, settings } = found;
  if (source.kind !== 'kubernetes') return [];
  const path = join(dirname(settingsFile), 'rbac.yaml');
  const text = await rbacText(settings.source);
  const write: Deed | Kept = existsSync(path)
    ? { name: 'rbac', kept: `${path} stays as it is` }
    : {
        name: 'rbac',
        what: `write ${path}: the least rights, for running with a service account`,
        undo: `sudo rm ${path}`,
        run: () => {
          writeAtomic(path, text, { mode: 0o644 });
          return Promise.resolve();
        },
      };
  if (!call.flag('applyRbac')) return [write];
  const kubectl = findKubectl(call.context.env);
  if (kubectl === undefined)
    throw new SyncError('unavailable', 'init --apply-rbac: expected kubectl on this machine, got none', {
      remedy: `leave --apply-rbac out, then, where kubectl is: kubectl apply -f ${path}`,
    });
  const { kubeconfig } = source;
  const by = `sudo ${[...kubectl, '--kubeconfig', kubeconfig].join(' ')}`;
  return [
    write,
    {
      name: 'rbac-apply',
      what: `apply ${path} to the cluster of ${kubeconfig}`,
      undo: `${by} delete -f ${path}`,
      run: () => applyManifest(path, { kubectl, kubeconfig }, call.context.signal),
    },
  ];
}
