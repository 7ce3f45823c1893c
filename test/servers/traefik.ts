import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { builtProgram, isExecutable, onPath } from './origins.ts';
import type { Availability } from './origins.ts';
import { freePort, startProcess, untilReady } from './process.ts';
import type { ServerProcess } from './process.ts';

export type TraefikVersion = 'v2' | 'v3';

export interface StartTraefikOptions {
  readonly version: TraefikVersion;
  /** The watched folder; made here, and removed by `stop`, when not given. */
  readonly configDir?: string;
  /** `providersThrottleDuration`; Traefik's own default of 2s unless a test shrinks it. */
  readonly throttle?: string;
  /** Whether plain HTTP is sent on to HTTPS, as the predecessor's installer sets it up. */
  readonly redirectWeb?: boolean;
  /** Further static configuration, merged over ours key by key at the top level. */
  readonly staticConfig?: Readonly<Record<string, unknown>>;
}

/** A real Traefik that watches a folder and serves on loopback ports. */
export interface TraefikServer {
  readonly version: TraefikVersion;
  readonly configDir: string;
  readonly webPort: number;
  readonly websecurePort: number;
  readonly apiPort: number;
  readonly apiUrl: string;
  /** What it has loaded: the whole of `/api/rawdata`. */
  rawData(): Promise<TraefikRawData>;
  log(lines?: number): string;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Starts it again (ending it first if it runs) on the same ports and folder. */
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface TraefikRawData {
  readonly routers?: Readonly<Record<string, TraefikRouter>>;
  readonly services?: Readonly<Record<string, TraefikService>>;
  readonly middlewares?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface TraefikRouter {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints?: readonly string[];
  readonly middlewares?: readonly string[];
  readonly tls?: Readonly<Record<string, unknown>>;
  readonly status: string;
  readonly error?: readonly string[];
}

export interface TraefikService {
  readonly loadBalancer?: { readonly servers?: readonly { readonly url: string }[] };
  readonly status: string;
  readonly usedBy?: readonly string[];
}

const SETTING = { v2: 'SYNC_TEST_TRAEFIK_V2', v3: 'SYNC_TEST_TRAEFIK_V3' } as const;

function findProgram(version: TraefikVersion): string | undefined {
  const given = process.env[SETTING[version]] ?? '';
  if (given !== '' && isExecutable(given)) return given;
  const installed = onPath('traefik');
  if (installed !== undefined && versionOf(installed) === version) return installed;
  return builtProgram(`traefik-${version}`);
}

function versionOf(program: string): string | undefined {
  const { stdout } = spawnSync(program, ['version'], { encoding: 'utf8' });
  const major = /^Version:\s+v?(\d+)\./m.exec(stdout)?.[1];
  return major === undefined ? undefined : `v${major}`;
}

/** Whether {@link startTraefik} can work here. */
export function traefikAvailable(version: TraefikVersion): Availability {
  if (findProgram(version) !== undefined) return { available: true };
  const howTo = `make test-servers builds it (needs Go), or put traefik on PATH, or set ${SETTING[version]}`;
  return { available: false, reason: `no Traefik ${version}`, howTo };
}

interface Ports {
  readonly web: number;
  readonly websecure: number;
  readonly api: number;
}

// The shape of the predecessor's traefik.yml, on loopback and with no way out.
function staticConfig(dir: string, configDir: string, ports: Ports, options: StartTraefikOptions): object {
  const redirect = { entryPoint: { to: 'websecure', scheme: 'https' } };
  return {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'INFO' },
    api: { insecure: true, dashboard: false },
    ping: {},
    entryPoints: {
      web: {
        address: `127.0.0.1:${ports.web}`,
        ...(options.redirectWeb === true && { http: { redirections: redirect } }),
      },
      websecure: { address: `127.0.0.1:${ports.websecure}` },
      traefik: { address: `127.0.0.1:${ports.api}` },
    },
    providers: {
      providersThrottleDuration: options.throttle ?? '2s',
      file: { directory: configDir, watch: true },
    },
    certificatesResolvers: {
      letsencrypt: {
        acme: {
          email: 'test@example.test',
          storage: join(dir, 'acme.json'),
          // The discard port of this machine: no certificate is ever asked of anyone.
          caServer: 'http://127.0.0.1:9/directory',
          httpChallenge: { entryPoint: 'web' },
        },
      },
    },
    ...options.staticConfig,
  };
}

/** Starts a Traefik of its own for the caller. */
export async function startTraefik(options: StartTraefikOptions): Promise<TraefikServer> {
  const program = findProgram(options.version);
  if (program === undefined)
    throw new Error(`servers: no Traefik ${options.version} here; ask traefikAvailable() first`);
  const dir = await mkdtemp(join(tmpdir(), `sync-traefik-${options.version}-`));
  const configDir = options.configDir ?? join(dir, 'config');
  await mkdir(configDir, { recursive: true });
  const ports: Ports = { web: await freePort(), websecure: await freePort(), api: await freePort() };
  const configFile = join(dir, 'traefik.yml');
  await writeFile(configFile, stringify(staticConfig(dir, configDir, ports, options)));

  const apiUrl = `http://127.0.0.1:${ports.api}`;
  const start = async (): Promise<ServerProcess> => {
    const args = [`--configFile=${configFile}`];
    const server = await startProcess({ program, args, logFile: join(dir, 'traefik.log') });
    await untilReady(`traefik ${options.version}`, server, async () => {
      const answer = await fetch(`${apiUrl}/ping`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
    return server;
  };
  let server = await start();
  return {
    version: options.version,
    configDir,
    webPort: ports.web,
    websecurePort: ports.websecure,
    apiPort: ports.api,
    apiUrl,
    rawData: async () => (await (await fetch(`${apiUrl}/api/rawdata`)).json()) as TraefikRawData,
    log: (lines) => server.log(lines),
    stop: async () => {
      await server.end();
      await rm(dir, { recursive: true, force: true });
    },
    kill9: () => server.kill9(),
    restart: async () => {
      await server.end();
      server = await start();
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
  };
}
