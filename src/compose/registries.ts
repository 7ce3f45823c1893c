import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { createDirectorySource } from '../registry/directory-source.ts';
import { useIdentities } from '../registry/sealed/opened.ts';
import type { Source } from '../registry/source.ts';

/** The source that the settings name; the Kubernetes client loads only when it is used. */
export async function openSource(settings: Settings, clock: Clock): Promise<Source> {
  const { source, watch, daemon, secrets } = settings;
  useIdentities(secrets.identity);
  if (source.kind === 'kubernetes') {
    const { createKubernetesSource } = await import('../registry/kubernetes-source.ts');
    return createKubernetesSource({ ...source, ...watch, clock });
  }
  if (source.directory === undefined) {
    throw new SyncError('config', 'source.directory: expected a folder, got none', {
      remedy: 'pass --registry DIR',
    });
  }
  return createDirectorySource({
    folder: source.directory,
    stateDirectory: daemon.stateDirectory,
    namespace: source.namespace,
    pollMs: watch.pollMs,
    clock,
  });
}
