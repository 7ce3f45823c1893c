import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { fleetAvailable } from './availability.ts';
import { startFleet } from './fleet.ts';
import { allProcesses, namespaceOf, signal } from './machine.ts';
import { mustRun, until } from './process.ts';

/** What a fleet leaves on this machine while it runs. */
interface Traces {
  readonly dir: string;
  readonly link: string;
  readonly networks: readonly string[];
}

async function tracesOf(
  clientKey: string,
  controllerAddress: string,
  pids: readonly number[],
): Promise<Traces> {
  const table = await mustRun(['ip', '-o', '-4', 'addr', 'show', 'to', controllerAddress]);
  const link = /^\d+: (\S+)/.exec(table)?.[1] ?? '';
  return {
    dir: dirname(dirname(clientKey)),
    link,
    networks: pids.map((pid) => namespaceOf(pid, 'net') ?? ''),
  };
}

function mountTables(): string {
  const read = (pid: number): string => {
    try {
      return readFileSync(`/proc/${String(pid)}/mountinfo`, 'utf8');
    } catch {
      return '';
    }
  };
  return allProcesses().map(read).join('');
}

function leftOf({ dir, link, networks }: Traces): readonly string[] {
  const own = (pid: number): boolean => networks.includes(namespaceOf(pid, 'net') ?? 'none');
  return [
    ...allProcesses()
      .filter(own)
      .map((pid) => `process ${String(pid)}`),
    ...(existsSync(`/sys/class/net/${link}`) ? [`link ${link}`] : []),
    ...(existsSync(dir) ? [`folder ${dir}`] : []),
    ...(mountTables().includes(dir) ? [`a mount of ${dir}`] : []),
  ];
}

const possible = fleetAvailable();
const title = possible.available ? 'the end of a fleet' : `the end of a fleet (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, { timeout: 60_000 }, () => {
  it('stop() leaves no process, mount, link, namespace or folder, whatever state the nodes are in', async () => {
    const fleet = await startFleet({ nodes: 6 });
    const traces = await tracesOf(
      fleet.clientKey,
      fleet.controllerAddress,
      fleet.nodes.map((node) => node.pid),
    );
    expect(leftOf(traces).length).toBeGreaterThan(12);
    await fleet.node(0).freeze();
    await fleet.node(1).blackhole();
    await fleet.node(2).fillDisk('/etc');
    await fleet.node(3).remountReadOnly('/');
    signal(fleet.node(4).pid, 'SIGKILL');
    await fleet.node(5).powerOff();
    await fleet.stop();
    expect(leftOf(traces)).toEqual([]);
    await fleet.stop();
  });

  it('a test process that is killed takes its fleet with it', async () => {
    const module = join(import.meta.dirname, 'fleet.ts');
    const program = `
      const { startFleet } = await import(${JSON.stringify(module)});
      const fleet = await startFleet({ nodes: 2 });
      console.log(JSON.stringify([fleet.clientKey, fleet.controllerAddress, fleet.nodes.map((node) => node.pid)]));
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once('line', resolve),
    );
    const [clientKey, controllerAddress, pids] = JSON.parse(line) as [string, string, number[]];
    const traces = await tracesOf(clientKey, controllerAddress, pids);
    expect(leftOf(traces)).not.toEqual([]);
    child.kill('SIGKILL');
    await until('the fleet is gone', () => leftOf(traces).length === 0);
  });

  it('two fleets at once have different subnets', async () => {
    const [one, two] = await Promise.all([startFleet({ nodes: 1 }), startFleet({ nodes: 1 })]);
    expect(one.controllerAddress).not.toBe(two.controllerAddress);
    expect(await two.node(0).run(`ping -c 1 -W 1 ${one.node(0).address}`)).not.toMatchObject({ code: 0 });
    await Promise.all([one.stop(), two.stop()]);
  });
});
