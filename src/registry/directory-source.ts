import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { registryObjects, type RegistryObject } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { acquireLock } from '../lib/os-lock.ts';
import { editDirectory } from './directory-edit.ts';
import { DirectoryScanner } from './directory-scan.ts';
import { watchDirectory } from './directory-watch.ts';
import { createOwnFiles } from './own-files.ts';
import { defaultNames, type ObjectNames, type Reading, type Source, type SourceHealth } from './source.ts';

export interface DirectorySourceOptions {
  /** The folder of manifests, as `kubectl apply -f` takes it. */
  readonly folder: string;
  /** Our own state: objects that on Kubernetes would be ConfigMaps of ours. */
  readonly stateDirectory: string;
  readonly namespace?: string;
  readonly names?: ObjectNames;
  readonly pollMs?: number;
  readonly settleMs?: number;
  readonly lockWaitMs?: number;
  readonly clock: Clock;
}

/** A folder of ConfigMap manifests as the source of the registries. */
export function createDirectorySource(options: DirectorySourceOptions): Source {
  return new DirectorySource(options);
}

class DirectorySource implements Source {
  readonly own: Source['own'];
  readonly #folder: string;
  readonly #options: DirectorySourceOptions;
  readonly #place: { readonly folder: string; readonly namespace: string; readonly names: ObjectNames };
  readonly #scanner: DirectoryScanner;
  #lastProofMs: number | undefined;
  #restarts = 0;
  #stalls = 0;

  constructor(options: DirectorySourceOptions) {
    this.#options = options;
    this.#folder = resolve(options.folder);
    const { clock, settleMs = 20, lockWaitMs = 5000 } = options;
    const { namespace = 'kube-system', names = defaultNames } = options;
    this.#place = { folder: this.#folder, namespace, names };
    this.#scanner = new DirectoryScanner({ ...this.#place, settleMs, clock });
    this.own = createOwnFiles({ folder: join(options.stateDirectory, 'objects'), lockWaitMs, clock });
  }

  async read(signal: AbortSignal): Promise<Reading> {
    const scan = await this.#scanner.settled(signal);
    if (scan.kind === 'unreadable') return scan;
    this.#lastProofMs = this.#options.clock.monotonic();
    const objects = new Map([...scan.objects].map(([name, { raw }]) => [name, raw]));
    return {
      kind: 'read',
      objects,
      missing: registryObjects.filter((name) => !objects.has(name)),
      findings: scan.findings,
    };
  }

  async watch(onHint: (object: RegistryObject) => void, signal: AbortSignal): Promise<void> {
    const { clock, pollMs = 10_000 } = this.#options;
    await watchDirectory(
      {
        folder: this.#folder,
        pollMs,
        clock,
        onHint,
        onRestart: () => this.#restarts++,
        onStall: () => this.#stalls++,
        scan: async (scanSignal) => {
          const scan = await this.#scanner.settled(scanSignal);
          if (scan.kind === 'scanned') this.#lastProofMs = clock.monotonic();
          return scan;
        },
      },
      signal,
    );
  }

  async edit(
    object: RegistryObject,
    key: string,
    edit: (text: string | undefined) => string | undefined,
  ): Promise<string | undefined> {
    const { clock, lockWaitMs = 5000 } = this.#options;
    const folder = this.#folder;
    // A folder that is gone may be one that is not mounted: making it anew would put an empty registry in its place.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new SyncError('unavailable', `${folder}: expected a folder of manifests, got none`, {
        remedy: `mkdir -p ${folder}`,
      });
    }
    using _lock = await acquireLock({
      path: join(folder, '.sync-controller.lock'),
      holder: '',
      waitMs: lockWaitMs,
      clock,
    });
    const place = { ...this.#place, name: this.#place.names[object] };
    return await editDirectory({ ...place, scanner: this.#scanner, clock, object, key, edit });
  }

  health(): SourceHealth {
    return {
      kind: 'directory',
      location: this.#folder,
      lastProofMs: this.#lastProofMs,
      restarts: this.#restarts,
      stalls: this.#stalls,
    };
  }

  loadBalancers(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
