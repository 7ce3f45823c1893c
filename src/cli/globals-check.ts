import { SyncError } from '../lib/errors.ts';
import { kubernetesName } from '../registry/grammar.ts';
import type { GlobalOptions } from './globals.ts';
import { shown } from './words.ts';

const wanted = {
  config: ['--config', 'the path of a settings file', 'leave it out for /etc/sync-controller/config.yaml'],
  registry: ['--registry', 'the path of a folder', 'such as --registry ./registry'],
  kubeconfig: ['--kubeconfig', 'the path of a kubeconfig', 'such as --kubeconfig ~/.kube/config'],
  context: ['--context', 'the name of a context', 'list them with: kubectl config get-contexts'],
  source: ['--source', 'the name of a source', 'list them with: syncctl status'],
  namespace: ['--namespace', 'a Kubernetes name', 'leave it out for kube-system'],
} as const satisfies Partial<Record<keyof GlobalOptions, readonly [string, string, string]>>;

/**
 * Checks the options of every command before anything is done with them: an empty one is a shell variable that is not set, and
 * must not mean the default.
 * @throws SyncError `usage`.
 */
export function checkGlobals(globals: GlobalOptions): void {
  for (const name of Object.keys(wanted) as (keyof typeof wanted)[]) {
    const value = globals[name];
    const isRight = name === 'namespace' ? kubernetesName(value).ok : value !== '';
    if (value !== undefined && !isRight) throw wrong(name, value);
  }
  const { registry, kubeconfig, context } = globals;
  const cluster = kubeconfig !== undefined ? '--kubeconfig' : context !== undefined ? '--context' : undefined;
  if (registry !== undefined && cluster !== undefined)
    throw new SyncError('usage', `--registry: expected one source of the registries, got ${cluster}, too`, {
      remedy: `leave out --registry or ${cluster}`,
    });
}

function wrong(name: keyof typeof wanted, value: string): SyncError {
  const [option, expected, remedy] = wanted[name];
  return new SyncError('usage', `${option}: expected ${expected}, got ${shown(value)}`, { remedy });
}
