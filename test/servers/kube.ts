import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { startAssets } from './kube-assets.ts';
import { builtProgram, isExecutable } from './origins.ts';
import type { Availability } from './origins.ts';
import { freePort, startProcess, untilReady } from './process.ts';
import type { ServerProcess } from './process.ts';

/** A real Kubernetes API server with an administrator's kubeconfig. */
export interface KubeServer {
  readonly origin: KubeOrigin['kind'];
  readonly kubeconfig: string;
  readonly url: string;
  /** False for a cluster that is only lent to us: nothing may be killed, frozen or restarted there. */
  readonly isOurs: boolean;
  /** The store behind it, where it is ours: its JSON gateway can compact or inspect it. */
  readonly etcdUrl: string | undefined;
  /** The log of the API server so far. */
  log(lines?: number): string;
  /** Ends it and deletes its state. */
  stop(): Promise<void>;
  /** Kills the API server and its store without warning; state stays. */
  kill9(): Promise<void>;
  /** Starts it again (ending it first if it runs) on the same port with the same data and keys. */
  restart(): Promise<void>;
  /** Stops the process in its tracks: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
}

export interface StartKubeOptions {
  /** Handed to kube-apiserver as they are, e.g. `--etcd-compaction-interval=5s`. */
  readonly extraFlags?: readonly string[];
}

/** Where a server comes from: binaries of the envtest convention, a cluster that runs already, or our own build. */
export type KubeOrigin =
  | { readonly kind: 'given'; readonly kubeconfig: string }
  | { readonly kind: 'assets'; readonly folder: string }
  | { readonly kind: 'built'; readonly program: string };

function findOrigin(): KubeOrigin | undefined {
  const kubeconfig = process.env['SYNC_TEST_KUBECONFIG'] ?? '';
  if (kubeconfig !== '') return { kind: 'given', kubeconfig };
  const folder = process.env['KUBEBUILDER_ASSETS'] ?? '';
  if (folder !== '' && ['etcd', 'kube-apiserver'].every((name) => isExecutable(join(folder, name))))
    return { kind: 'assets', folder };
  const program = builtProgram('kube');
  return program === undefined ? undefined : { kind: 'built', program };
}

/** Whether {@link startKube} can work here. */
export function kubeAvailable(): Availability {
  const origin = findOrigin();
  if (origin?.kind === 'given' && !existsSync(origin.kubeconfig))
    return unavailable(`SYNC_TEST_KUBECONFIG names ${origin.kubeconfig}, which does not exist`);
  return origin === undefined ? unavailable('no kube-apiserver') : { available: true };
}

function unavailable(reason: string): Availability {
  const howTo = 'make test-servers builds one (needs Go), or set KUBEBUILDER_ASSETS or SYNC_TEST_KUBECONFIG';
  return { available: false, reason, howTo };
}

/** The programs of one running server, whichever origin they have. */
export interface KubeParts {
  readonly processes: readonly ServerProcess[];
  readonly kubeconfig: string;
  readonly url: string;
  readonly etcdUrl: string;
}

export interface KubeSite {
  readonly dir: string;
  readonly port: number;
  readonly extraFlags: readonly string[];
}

/** Starts a server of its own for the caller, except where SYNC_TEST_KUBECONFIG names one to share. */
export async function startKube(options: StartKubeOptions = {}): Promise<KubeServer> {
  const origin = findOrigin();
  if (origin === undefined) throw new Error('servers: no kube-apiserver here; ask kubeAvailable() first');
  if (origin.kind === 'given') return shareGiven(origin.kubeconfig);
  const dir = await mkdtemp(join(tmpdir(), 'sync-kube-'));
  const site: KubeSite = { dir, port: await freePort(), extraFlags: options.extraFlags ?? [] };
  const start = (): Promise<KubeParts> =>
    origin.kind === 'assets' ? startAssets(origin.folder, site) : startBuilt(origin.program, site);
  return own(origin.kind, site, start, await start());
}

function own(
  origin: KubeOrigin['kind'],
  site: KubeSite,
  start: () => Promise<KubeParts>,
  first: KubeParts,
): KubeServer {
  let parts = first;
  // The API server comes last: it is started after its store and ended before it.
  const apiFirst = (): readonly ServerProcess[] => parts.processes.toReversed();
  // Open watches would keep an API server waiting for a minute; nothing is lost by insisting sooner.
  const end = async (): Promise<void> => {
    for (const server of apiFirst()) await server.end(5_000);
  };
  const kill9 = async (): Promise<void> => {
    await Promise.all(parts.processes.map((server) => server.kill9()));
  };
  const signalAll = (name: NodeJS.Signals): void => {
    for (const server of apiFirst()) server.signal(name);
  };
  return {
    origin,
    isOurs: true,
    kubeconfig: first.kubeconfig,
    url: first.url,
    get etcdUrl() {
      return parts.etcdUrl;
    },
    log: (lines) => apiFirst()[0]?.log(lines) ?? '',
    stop: async () => {
      await kill9();
      await rm(site.dir, { recursive: true, force: true });
    },
    kill9,
    restart: async () => {
      await end();
      parts = await start();
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
  };
}

async function startBuilt(program: string, site: KubeSite): Promise<KubeParts> {
  const args = ['--dir', site.dir, '--port', String(site.port), '--', ...site.extraFlags];
  await mkdir(site.dir, { recursive: true });
  const server = await startProcess({ program, args, logFile: join(site.dir, 'server.log') });
  const line = await untilReady('kube-test-server', server, async () => firstLine(server.stdout()));
  const { kubeconfig, url, etcd } = JSON.parse(line) as { kubeconfig: string; url: string; etcd: string };
  return { processes: [server], kubeconfig, url, etcdUrl: etcd };
}

function firstLine(output: string): string | undefined {
  const end = output.indexOf('\n');
  return end === -1 ? undefined : output.slice(0, end);
}

function shareGiven(kubeconfig: string): KubeServer {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const refuse = (what: string) => (): never => {
    throw new Error(`servers: the cluster of SYNC_TEST_KUBECONFIG is not ours to ${what}`);
  };
  return {
    origin: 'given',
    isOurs: false,
    kubeconfig,
    url: config.getCurrentCluster()?.server ?? '',
    etcdUrl: undefined,
    log: () => '',
    stop: async () => undefined,
    kill9: async () => refuse('kill')(),
    restart: async () => refuse('restart')(),
    freeze: refuse('freeze'),
    thaw: refuse('thaw'),
  };
}
