import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fleetAvailable } from './availability.ts';
import { nth, onlyOnce, writeClient } from './client.ts';
import { ed25519Key } from './keys.ts';
import { LoopbackMachine } from './loopback-machine.ts';
import { commonVerbs } from './node.ts';
import type { Fleet, FleetNode, NodeSpec, SshdOptions } from './types.ts';

/** A verb that needs namespaces answers with the reason, so that a test sees what it asked for. */
function refuse(verb: string): () => Promise<never> {
  return () =>
    Promise.reject(new Error(`fleet: ${verb} needs namespaces; this fleet is sshd on loopback ports`));
}

function unsupportedVerbs() {
  return {
    ...{ unplug: refuse('unplug'), plug: refuse('plug') },
    ...{ blackhole: refuse('blackhole'), unblackhole: refuse('unblackhole') },
    ...{ breakSudo: refuse('breakSudo'), restoreSudo: refuse('restoreSudo') },
    ...{ fillDisk: refuse('fillDisk'), freeDisk: refuse('freeDisk') },
    ...{ remountReadOnly: refuse('remountReadOnly'), remountReadWrite: refuse('remountReadWrite') },
    ...{ bindMountFile: refuse('bindMountFile'), unbindFile: refuse('unbindFile') },
    ...{ powerOff: refuse('powerOff'), powerOn: refuse('powerOn'), reboot: refuse('reboot') },
  } satisfies Partial<FleetNode>;
}

function loopbackNode(machine: LoopbackMachine, clientPublicKey: string): FleetNode {
  return {
    name: machine.name,
    address: '127.0.0.1',
    address6: undefined,
    port: machine.port,
    user: machine.user,
    rootDir: machine.rootDir,
    bootId: machine.bootId,
    get hostKeys() {
      return machine.hostKeys.map((key) => key.publicLine);
    },
    get pid() {
      const pid = machine.listener();
      if (pid === undefined)
        throw new Error(`fleet: sshd of ${machine.name} is stopped, so the node has no process`);
      return pid;
    },
    ...commonVerbs(machine, clientPublicKey),
    ...unsupportedVerbs(),
  };
}

/** The fallback without root or namespaces: same interface, every node an sshd on 127.0.0.1 with a folder as its root. */
export async function startLoopbackFleet(
  specs: readonly NodeSpec[],
  sshdOptions: SshdOptions,
): Promise<Fleet> {
  const possible = fleetAvailable('loopback');
  if (!possible.available) throw new Error(`fleet: ${possible.reason}`);
  const dir = await mkdtemp(join(tmpdir(), 'sync-fleet-'));
  const key = ed25519Key('fleet-client');
  const machines = specs.map(
    (spec, index) => new LoopbackMachine(join(dir, 'nodes', String(index)), index, spec),
  );
  const stop = onlyOnce(async () => {
    await Promise.all(machines.map((machine) => machine.end()));
    await rm(dir, { recursive: true, force: true });
  });
  try {
    // Demanded by an sshd that runs as root; the system's own service makes it at boot.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    await Promise.all(
      machines.map((machine, n) => machine.install(specs[n] ?? {}, key.publicLine, sshdOptions)),
    );
    await Promise.all(machines.map((machine) => machine.launchSshd()));
    const nodes = machines.map((machine) => loopbackNode(machine, key.publicLine));
    const client = await writeClient(join(dir, 'client'), key.privateFile, nodes);
    return {
      mode: 'loopback',
      capabilities: [],
      nodes,
      node: nth(nodes),
      ...client,
      controllerAddress: '127.0.0.1',
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
