import type { DoctorFinding } from '../../src/cli/doctor/finding.ts';
import type { Host, PortAnswer } from '../../src/cli/doctor/host.ts';
import type { DoctorPorts, NodeLook } from '../../src/compose/doctor-ports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { demo } from './registry-folder.ts';
import { site, type Ran } from './support.ts';

/** A node whose other writers nobody can look for. */
export const silent = { ok: false, cause: 'timeout', evidence: '', reachable: false, held: false } as const;

export const now = (): number => Math.round(systemClock.now() / 1000);
export const well = (changes: Partial<NodeLook & { ok: true }> = {}, facts = {}): NodeLook => ({
  ok: true,
  facts: { receiver: '1.0.0', hostname: 'x', clock: now(), legacy: 0, ...facts },
  rungs: { digest: 'ok', parsed: 'ok', raw: 'ok', answers: 'ok' },
  owner: undefined,
  result: 'CHECKED',
  text: '',
  ...changes,
});

type Said = string | { readonly code: number; readonly stdout: string } | undefined;

/** A machine on which all is well, but for what the test says. */
export interface World {
  /** What programs say, by the beginning of their command line; with an exit code where that is not 0. */
  readonly programs?: Readonly<Record<string, Said>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly port?: PortAnswer;
  readonly dns?: Readonly<Record<string, readonly string[]>>;
  readonly look?: NodeLook;
  readonly ports?: Partial<DoctorPorts>;
}

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n';
const sound = {
  programs: {
    'systemctl show -p LoadState': 'LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n',
    'systemctl show -p Id': 'Id=sync-controller.service\nActiveState=active\n',
    'tailscale status': JSON.stringify({
      Self: {},
      Peer: Object.fromEntries(
        ['100.86.112.112', '100.86.112.113', '100.68.225.92'].map((ip) => [
          ip,
          { TailscaleIPs: [ip], Online: true },
        ]),
      ),
    }),
  },
  files: {
    '/etc/nsswitch.conf': 'passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n',
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/key': key,
  },
  dns: { 'demo.curiios.com': ['45.8.133.192'] },
};

export function hostOf(world: World): Host {
  const programs: Readonly<Record<string, Said>> = { ...sound.programs, ...world.programs };
  const files: Readonly<Record<string, string>> = { ...sound.files, ...world.files };
  return {
    exec: async (file, args) => {
      const line = [file, ...args].join(' ');
      const known = Object.entries(programs).find(([start]) => line.startsWith(start))?.[1];
      return typeof known === 'string' ? { code: 0, stdout: known } : known;
    },
    read: async (path) => files[path],
    list: async (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    stat: async (path) =>
      path in files
        ? { mode: world.modes?.[path] ?? 0o600, uid: 1000, isSocket: path.endsWith('.sock') }
        : undefined,
    connect: async () => world.port ?? 'open',
    resolve: async (name) =>
      world.dns?.[name] ??
      (world.dns === undefined ? ((sound.dns as Record<string, string[]>)[name] ?? []) : []),
  };
}

export async function examined(
  world: World,
  words: readonly string[] = ['-o', 'json'],
  content = demo,
): Promise<Ran> {
  const ports: DoctorPorts = {
    look: async () => world.look ?? well(),
    survey: () => Promise.resolve(silent),
    kubernetes: undefined,
    identities: ['/key'],
    dedicated: async () => [],
    held: async () => true,
    receiverVersion: async () => '1.0.0',
    agentSocket: undefined,
    defaultPort: 22,
    close: async () => undefined,
    ...world.ports,
  };
  const { run } = await site(content, { host: hostOf(world), openDoctor: () => Promise.resolve(ports) });
  return run('doctor', ...words);
}

export function findingsOf(out: string): readonly DoctorFinding[] {
  const { findings } = JSON.parse(out) as { findings: readonly DoctorFinding[] };
  return findings;
}

export async function problems(world: World, content = demo): Promise<readonly DoctorFinding[]> {
  const { out } = await examined(world, ['-o', 'json'], content);
  return findingsOf(out).filter(
    ({ level, check }) => (level === 'error' || level === 'warning') && check !== 'daemon',
  );
}
