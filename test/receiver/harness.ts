import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { NodeId } from '../../src/model/node.ts';
import { decodeReceipt, type Receipt } from '../../src/wire/receipt.ts';
import { encodeRequest, type Flag, type Mode, type Request } from '../../src/wire/request.ts';

const repository = resolve(import.meta.dirname, '../..');

/** The unprivileged user that runs receivers below --root where the tests themselves run as root. */
export const player = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

let built: string | undefined;

/** Assembles the receiver once per test process and returns its path, readable by everybody. */
export function receiverPath(): string {
  const given = process.env['SYNC_TEST_RECEIVER'];
  if (given !== undefined) return given;
  if (built !== undefined && existsSync(built)) return built;
  const dir = mkdtempSync(join(tmpdir(), 'receiver-'));
  chmodSync(dir, 0o755);
  const run = spawnSync('bash', [join(repository, 'scripts/build-receiver.sh'), dir], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`build-receiver.sh: exit ${String(run.status)}: ${run.stderr}`);
  process.on('exit', () => {
    rmSync(dir, { recursive: true, force: true });
  });
  built = run.stdout.trim();
  return built;
}

/** The digest of bytes, as hex. */
export function sha(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** How one exec ended: everything it wrote, its exit code or signal, and its receipt where there is one. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly receipt: Receipt | undefined;
}

/** What a test may set of a request; everything else has a working default. */
export type Ask = Partial<Omit<Request, 'document' | 'fallback'>> & {
  readonly document?: Buffer | string | undefined;
  readonly fallback?: Buffer | string | undefined;
};

export const cluster = 'cluster-aaaa';

/** A request with defaults, as the codec of the controller encodes it. */
export function request(ask: Ask): Request {
  const mode: Mode = ask.mode ?? 'apply';
  const bytes = (document: Buffer | string | undefined) =>
    document === undefined ? undefined : Buffer.from(document);
  return {
    mode,
    cluster: ask.cluster ?? cluster,
    node: ask.node ?? ('management_laptops@10.0.0.1' as NodeId),
    kind: ask.kind ?? 'hosts',
    epoch: ask.epoch ?? 1,
    writer: ask.writer ?? 'writer0001',
    seq: ask.seq ?? 1,
    base: ask.base,
    document: bytes(ask.document),
    nonce: ask.nonce ?? randomBytes(16).toString('hex'),
    deadlineMs: ask.deadlineMs ?? 20_000,
    confirmSeconds: ask.confirmSeconds ?? 0,
    flags: ask.flags ?? ([] as readonly Flag[]),
    fallback: bytes(ask.fallback),
  };
}

/** How an exec is started: variables for the test hooks, a tool to run under, or mounts of its own (shell text, as root, in the node's folder). */
export interface How {
  readonly env?: Readonly<Record<string, string>>;
  readonly under?: readonly string[];
  readonly mounts?: string;
}

/** A running exec: its pid, its stdin, and how it ends. */
export interface Exec {
  readonly pid: number;
  ended(nonce?: string): Promise<Ended>;
  write(bytes: Buffer | string): void;
  end(): void;
}

/** A command line and the user it runs as. */
export interface Command {
  readonly command: readonly string[];
  readonly options: { readonly uid?: number; readonly gid?: number };
}

/** A command as the unprivileged player, in a mount namespace of its own where `mounts` (shell text, as root, in `dir`) is given. */
export function commandIn(dir: string, command: readonly string[], mounts?: string): Command {
  if (mounts === undefined) return { command, options: player };
  const user = [
    'setpriv',
    `--reuid=${String(player.uid)}`,
    `--regid=${String(player.gid)}`,
    '--clear-groups',
  ];
  // bash -c reads ~/.bashrc when its stdin is a socket, as every pipe of Node.js is.
  const script = `set -e; cd "$1"; shift; ${mounts}; exec "$@"`;
  return {
    command: ['unshare', '-m', 'bash', '--norc', '-c', script, 'mounts', dir, ...user, ...command],
    options: {},
  };
}

/** A folder that plays a node: /etc, /var and the targets lie below it, owned by the unprivileged player. */
export class NodeRoot {
  readonly dir: string;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'node-'));
    this.mkdir('etc/sync-controller/targets.d');
    this.mkdir('var/lib');
    this.own('.');
  }

  /** The absolute path of something on this node. */
  path(name: string): string {
    return join(this.dir, name);
  }

  mkdir(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
    for (let at = name; at !== '.'; at = dirname(at)) this.own(at);
  }

  write(name: string, bytes: Buffer | string): void {
    this.mkdir(dirname(name));
    writeFileSync(this.path(name), bytes);
    this.own(name);
  }

  read(name: string): Buffer | undefined {
    return existsSync(this.path(name)) ? readFileSync(this.path(name)) : undefined;
  }

  own(name: string): void {
    if (player.uid !== undefined) chownSync(this.path(name), player.uid, player.gid);
  }

  /** Describes a target as enrolment does. */
  target(kind: string, keys: Readonly<Record<string, string>>): void {
    const lines = Object.entries({ format: 'SC1', ...keys }).map(([key, value]) => `${key}=${value}\n`);
    const file = `etc/sync-controller/targets.d/${kind}`;
    this.write(file, lines.join(''));
    chmodSync(this.path(file), 0o644);
  }

  /** A target of each kind, consumers left out. */
  enrol(): this {
    this.target('hosts', { shape: 'block', path: '/etc/hosts', mode: '0644', check: 'hosts' });
    this.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      temp: '/var/lib/sync-controller/tmp',
      mode: '0644',
      check: 'traefik-routes',
    });
    this.target('dnsmasq-hosts', {
      shape: 'file',
      path: '/srv/names/sync-controller.hosts',
      mode: '0644',
      check: 'dnsmasq-hosts',
    });
    this.target('caddy-routes', {
      shape: 'file',
      path: '/srv/caddy/sync-controller.caddy',
      mode: '0644',
      check: 'caddy-routes',
    });
    for (const dir of ['srv/traefik', 'srv/names', 'srv/caddy']) this.mkdir(dir);
    return this;
  }

  journal(clusterId: string, kind: string): string {
    return `var/lib/sync-controller/clusters/${clusterId}/${kind}/journal`;
  }

  /** Names of temp files that a request left behind, anywhere on this node. */
  leftovers(): readonly string[] {
    return readdirSync(this.dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.sync-controller.'),
    );
  }

  /** Starts an exec of the real receiver; the caller feeds its stdin. */
  start(how: How = {}): Exec {
    const { command, options } = this.commandOf(how);
    const child = spawn(command[0] ?? '', command.slice(1), {
      ...options,
      env: { PATH: '/usr/bin:/bin', ...how.env },
      stdio: 'pipe',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A receiver that refuses early closes its stdin before we are done; its receipt says why.
    child.stdin.on('error', () => undefined);
    const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done, failed) => {
      child.on('error', failed);
      child.on('close', (code, signal) => {
        done({ code, signal });
      });
    });
    return {
      pid: child.pid ?? -1,
      write: (bytes) => void child.stdin.write(bytes),
      end: () => void child.stdin.end(),
      ended: async (nonce) => {
        const { code, signal } = await closed;
        const stdout = Buffer.concat(out);
        const decoded = nonce === undefined ? { missing: '' } : decodeReceipt(stdout, nonce);
        return {
          code,
          signal,
          stdout,
          stderr: Buffer.concat(err).toString(),
          receipt: 'missing' in decoded ? undefined : decoded,
        };
      },
    };
  }

  private commandOf(how: How): Command {
    return commandIn(this.dir, [...(how.under ?? []), receiverPath(), '--root', this.dir], how.mounts);
  }

  /** One whole exec: one request, one receipt. */
  async run(ask: Ask, how: How = {}): Promise<Ended> {
    const asked = request(ask);
    const exec = this.start(how);
    exec.write(encodeRequest(asked));
    exec.end();
    const ended = await exec.ended(asked.nonce);
    if (ended.stderr !== '') throw new Error(`the receiver wrote to stderr: ${ended.stderr}`);
    return ended;
  }

  /** One exec whose receipt must come. */
  async ask(ask: Ask, how: How = {}): Promise<Receipt> {
    const ended = await this.run(ask, how);
    if (ended.receipt === undefined)
      throw new Error(
        `no receipt: code ${String(ended.code)} ${String(ended.signal)}: ${ended.stderr}${ended.stdout.toString()}`,
      );
    return ended.receipt;
  }

  /** One exec with stdin exactly as given. */
  async raw(bytes: Buffer | string, nonce?: string): Promise<Ended> {
    const exec = this.start();
    exec.write(bytes);
    exec.end();
    return exec.ended(nonce);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A managed block of hosts lines. */
export function hostsBlock(lines: readonly string[], clusterId: string = cluster): string {
  return [`# BEGIN sync-controller ${clusterId}`, ...lines, `# END sync-controller ${clusterId}`, ''].join(
    '\n',
  );
}

/** A Traefik file with one router a name. */
export function routesFile(names: readonly string[], port = 80): string {
  if (names.length === 0) return '# sync-controller: no public services\n';
  const routers = names.flatMap((name) => [
    `    ${name}:`,
    `      rule: "Host(\`${name}.example.com\`)"`,
    `      service: ${name}-service`,
    '      entryPoints:',
    '        - websecure',
    '      tls:',
    '        certResolver: letsencrypt',
    '',
  ]);
  const services = names.flatMap((name) => [
    `    ${name}-service:`,
    '      loadBalancer:',
    '        servers:',
    `          - url: "http://100.76.150.207:${String(port)}"`,
    '',
  ]);
  return ['# sync-controller', 'http:', '  routers:', ...routers, '  services:', ...services].join('\n');
}

/** Mounts need root; where the tests run unprivileged, those tests are skipped for that reason. */
export const mayMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/** Waits until a condition holds; the deadline only ends what hangs. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited 20 s for: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** Whether a process is stopped at a step of the receiver (`SC_TEST_STOP_AT`). */
export function isStopped(pid: number): boolean {
  const stat = existsSync(`/proc/${String(pid)}/stat`)
    ? readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    : '';
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

/** The mode bits of a file. */
export function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}
