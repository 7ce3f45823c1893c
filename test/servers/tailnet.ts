import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtProgram, type Availability } from './origins.ts';
import { startProcess, untilReady } from './process.ts';

/** A real tailscaled with a control server of its own, both in a network namespace without a way out. */
export interface TailnetServer {
  /** Holds the program `tailscale`, as a folder of PATH does on a machine that has it. */
  readonly binDir: string;
  /** What the control server says of a machine; it need not exist. */
  peer(name: string, ip: string, online: boolean): Promise<void>;
  /** `tailscale down` and `tailscale up` on this machine. */
  turn(word: 'up' | 'down'): void;
  stop(): Promise<void>;
}

/** Whether {@link startTailnet} can work here. */
export function tailnetAvailable(): Availability {
  const howTo = 'make test-servers builds it (needs Go)';
  if (builtProgram('tailscale') === undefined || builtProgram('tailnet') === undefined)
    return { available: false, reason: 'no Tailscale for tests', howTo };
  const isRoot = spawnSync('unshare', ['--net', 'true']).status === 0;
  return isRoot
    ? { available: true }
    : { available: false, reason: 'no network namespaces', howTo: 'run as root' };
}

const control = '127.0.0.1:8080';

/** Starts both, joins the network, and returns when this machine is in it. */
export async function startTailnet(): Promise<TailnetServer> {
  const dir = await mkdtemp(join(tmpdir(), 'sync-tailnet-'));
  const [tailscaled, tailnet] = [builtProgram('tailscale') ?? '', builtProgram('tailnet') ?? ''];
  const sockets = { tailscaled: join(dir, 'tailscaled.sock'), control: join(dir, 'control.sock') };
  const bound = 'setpriv --pdeathsig KILL';
  const script = [
    'ip link set lo up',
    // Without an interface that could lead somewhere tailscaled waits for one and asks nobody.
    'ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up',
    'ip address add 192.0.2.1/24 dev eth0 && ip route add default via 192.0.2.2',
    `${bound} '${tailnet}' --listen ${control} --socket '${sockets.control}' &`,
    `exec ${bound} '${tailscaled}' --tun=userspace-networking --no-logs-no-support --port=0 --statedir='${dir}' --socket='${sockets.tailscaled}'`,
  ];
  const server = await startProcess({
    program: 'unshare',
    args: ['--net', 'bash', '-c', script.join('\n')],
    logFile: join(dir, 'log'),
  });
  const program = join(dir, 'tailscale');
  await writeFile(
    program,
    `#!/bin/bash\nexec -a tailscale '${tailscaled}' --socket='${sockets.tailscaled}' "$@"\n`,
  );
  await chmod(program, 0o755);
  const run = (...words: readonly string[]): number | null =>
    spawnSync(program, words, { timeout: 30_000, stdio: 'ignore' }).status;
  await untilReady('tailscaled', server, async () =>
    Promise.resolve(run('up', `--login-server=http://${control}`, '--timeout=5s') === 0 ? true : undefined),
  );
  return {
    binDir: dir,
    peer: (name, ip, online) => command(sockets.control, { name, ip, online: String(online) }),
    turn: (word) => {
      if (run(word) !== 0) throw new Error(`servers: tailscale ${word} failed:\n${server.log()}`);
    },
    stop: async () => {
      await server.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function command(socketPath: string, words: Readonly<Record<string, string>>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const path = `/peer?${new URLSearchParams(words).toString()}`;
  request({ socketPath, path, method: 'POST' }, (answer) => {
    answer.resume().once('end', () => {
      if (answer.statusCode === 200) resolve(undefined);
      else reject(new Error(`servers: the control server answered ${String(answer.statusCode)}`));
    });
  })
    .once('error', reject)
    .end();
  await promise;
}
