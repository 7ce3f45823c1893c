// `make demo`: the main job on the embedded default. Five nodes of three types, one of them offline and coming back; no Kubernetes, no root.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serveNode, type Account, type DemoNode } from './nodes.ts';

const root = new URL('../../', import.meta.url).pathname;
const once = (process.env['ONCE'] ?? '') !== '';
const scratch = mkdtempSync(join(tmpdir(), 'sync-controller-demo-'));
const registry = join(scratch, 'registry');
const settings = join(scratch, 'config.yaml');
// As root the receivers run as `nobody` over folders it owns: the receiver refuses --root to a privileged process.
const account: Account =
  process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : { uid: undefined, gid: undefined };
const running = new Map<string, { close(): Promise<void> }>();
let daemon: ChildProcess | undefined;

const nodes: readonly DemoNode[] = (
  [
    ['vinay-laptop', '127.77.0.1', 'hosts'],
    ['dev-laptop', '127.77.0.2', 'hosts'],
    ['contabo-vps', '127.77.0.3', 'traefik-routes'],
    ['hetzner-vps', '127.77.0.4', 'traefik-routes'],
    ['worker-01', '127.77.0.5', 'hosts'],
  ] as const
).map(([name, address, kind]) => ({
  name,
  address,
  kind,
  port: 20022,
  root: join(scratch, 'nodes', name),
  hostKey: join(scratch, `${name}-host-key`),
}));

function say(text: string): void {
  process.stdout.write(`\n\u001b[1m${text}\u001b[0m\n`);
}

function node(name: string): DemoNode {
  const found = nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no demo node ${name}`);
  return found;
}

/** Runs the product beside this process, whose event loop serves the nodes. */
async function syncctl(...words: string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), ...words, '--config', settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (code) => {
      resolve({ code, out });
    }),
  );
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`${what}: not seen within 30 s`);
    await delay(100);
  }
  process.stdout.write(`  \u001b[32m[✓]\u001b[0m ${what}\n`);
}

function fileOf(name: string): string {
  const one = node(name);
  const path = one.kind === 'hosts' ? 'etc/hosts' : 'home/demo/traefik/config/mynodeone-routes.yml';
  try {
    return readFileSync(join(one.root, path), 'utf8');
  } catch {
    return '';
  }
}

function makeNode(one: DemoNode): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', one.name, '-f', one.hostKey]);
  const target =
    one.kind === 'hosts'
      ? ['shape=block', 'path=/etc/hosts', 'temp=', 'check=hosts']
      : [
          'shape=file',
          'path=/home/demo/traefik/config/mynodeone-routes.yml',
          'temp=/home/demo/traefik',
          'check=traefik-routes',
        ];
  for (const folder of [
    'etc/sync-controller/targets.d',
    'home/demo/traefik/config',
    'var/lib/sync-controller',
  ]) {
    mkdirSync(join(one.root, folder), { recursive: true });
  }
  writeFileSync(join(one.root, 'etc/hosts'), `127.0.0.1\tlocalhost\n127.0.1.1\t${one.name}\n`);
  writeFileSync(
    join(one.root, 'etc/sync-controller/targets.d', one.kind),
    `${['format=SC1', ...target, 'mode=0644', 'raw_url=', 'web_port=', 'websecure_port=', 'reload=', 'probe='].join('\n')}\n`,
    // The receiver refuses one that others than its owner may write, whatever the umask of a desktop is.
    { mode: 0o644 },
  );
}

function prepare(): { publicKey: string; receiver: string } {
  cpSync(join(root, 'registry'), registry, { recursive: true });
  const key = join(scratch, 'mynodeone_id_ed25519');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'demo', '-f', key]);
  for (const one of nodes) makeNode(one);
  const receiver = join(scratch, 'receiver');
  cpSync(join(root, 'dist/receiver'), receiver);
  if (account.uid !== undefined) {
    execFileSync('chown', ['-R', `${String(account.uid)}:${String(account.gid)}`, join(scratch, 'nodes')]);
    execFileSync('chmod', ['755', scratch, receiver]);
    chownSync(join(scratch, 'nodes'), account.uid, account.gid ?? account.uid);
  }
  writeFileSync(
    settings,
    `source:\n  kind: directory\n  directory: ${registry}\nssh:\n  identity: [${key}]\ndaemon:\n  stateDirectory: ${join(scratch, 'state')}\n  runtimeDirectory: ${join(scratch, 'run')}\nstatus:\n  writeBack: true\npresence:\n  probeMs: 500\n`,
  );
  return { publicKey: readFileSync(`${key}.pub`, 'utf8'), receiver };
}

async function start(name: string, access: { publicKey: string; receiver: string }): Promise<void> {
  running.set(name, await serveNode(node(name), { ...access, account }));
}

function edit(file: string, from: string | RegExp, to: string): void {
  const path = join(registry, file);
  const text = readFileSync(path, 'utf8');
  const next = text.replace(from, to);
  if (next === text) throw new Error(`${file}: nothing to edit`);
  writeFileSync(path, next);
}

async function story(): Promise<void> {
  const access = prepare();
  for (const one of nodes) await start(one.name, access);

  say('1. Five nodes of three types are registered; their host keys are pinned once');
  process.stdout.write((await syncctl('node', 'trust', '--all', '--from', 'scan', '--yes')).out);

  say('2. dev-laptop goes offline; the daemon starts and pushes to the others');
  await running.get('dev-laptop')?.close();
  running.delete('dev-laptop');
  daemon = spawn(process.execPath, [join(root, 'dist/main.js'), 'daemon', '--config', settings], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await until('demo.example.org is routed on contabo-vps', () =>
    fileOf('contabo-vps').includes('Host(`demo.example.org`)'),
  );
  await until('demo.minicloud.local stands in the hosts file of worker-01', () =>
    fileOf('worker-01').includes('demo.minicloud.local'),
  );

  say('3. An edit of the registry goes live: grafana becomes public');
  edit('service-registry.yaml', /("subdomain": "grafana"[\s\S]*?"public": )false/u, '$1true');
  await until('grafana.example.org is routed on both VPS', () =>
    ['contabo-vps', 'hetzner-vps'].every((name) => fileOf(name).includes('grafana.example.org')),
  );

  say('4. A bad edit is set aside, with its path; the good entries stay live');
  edit('service-registry.yaml', /("subdomain": "chat"[\s\S]*?"port": )8080/u, '$199999');
  await until('`syncctl validate` names the entry', async () =>
    (await syncctl('validate')).out.includes('open-webui/port'),
  );
  process.stdout.write((await syncctl('validate')).out);
  await until('chat.example.org is still routed to its last good backend', () =>
    fileOf('contabo-vps').includes('100.76.150.208:8080'),
  );

  say('5. dev-laptop comes back and is brought to the newest state');
  await until('dev-laptop is pending_sync', async () =>
    (await syncctl('health')).out.includes('dev-laptop: pending_sync'),
  );
  await start('dev-laptop', access);
  await until('grafana.minicloud.local stands in the hosts file of dev-laptop', () =>
    fileOf('dev-laptop').includes('grafana.minicloud.local'),
  );

  say('6. Health');
  await until(
    'all five nodes are active',
    async () => ((await syncctl('health')).out.match(/: active \(last sync: 2/gu) ?? []).length === 5,
  );
  process.stdout.write((await syncctl('health')).out);
  process.stdout.write((await syncctl('health', '-o', 'wide')).out);
}

async function tidy(): Promise<void> {
  if (daemon?.exitCode === null) {
    const gone = new Promise((resolve) => daemon?.once('exit', resolve));
    daemon.kill('SIGTERM');
    await gone;
  }
  for (const server of running.values()) await server.close();
  rmSync(scratch, { recursive: true, force: true });
}

try {
  await story();
  if (!once) {
    say('The demo keeps running. Try, in another terminal:');
    process.stdout.write(
      `  node ${join(root, 'dist/main.js')} status --config ${settings}\n  $EDITOR ${join(registry, 'service-registry.yaml')}\nCtrl-C ends it and removes everything.\n`,
    );
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  }
} catch (error) {
  process.stderr.write(`demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await tidy();
}
