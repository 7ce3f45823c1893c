import type { Machine } from './machine.ts';
import type { NamespaceMachine } from './namespace-machine.ts';
import type { FleetNode } from './types.ts';
import { diskVerbs } from './verbs-disk.ts';
import { networkVerbs } from './verbs-network.ts';
import { processVerbs } from './verbs-process.ts';
import { sshdVerbs } from './verbs-sshd.ts';
import { sudoVerbs } from './verbs-sudo.ts';

/** The verbs that work on every machine, however it was made. */
export function commonVerbs(machine: Machine, clientPublicKey: string) {
  return {
    run: (command: string, options = {}) => machine.exec(['/bin/sh', '-c', command], options),
    ...processVerbs(machine),
    ...sshdVerbs(machine, clientPublicKey),
  } satisfies Partial<FleetNode>;
}

/** The node of a test, in front of a machine in namespaces. */
export function namespaceNode(
  machine: NamespaceMachine,
  peers: () => readonly string[],
  clientPublicKey: string,
): FleetNode {
  return {
    name: machine.name,
    address: machine.address,
    address6: machine.address6,
    port: 22,
    user: machine.user,
    get rootDir() {
      return machine.rootDir;
    },
    get hostKeys() {
      return machine.hostKeys.map((key) => key.publicLine);
    },
    get pid() {
      return machine.pid;
    },
    get bootId() {
      return machine.bootId;
    },
    ...commonVerbs(machine, clientPublicKey),
    ...sudoVerbs(machine),
    ...diskVerbs(machine),
    ...networkVerbs(machine, peers),
    powerOff: () => machine.powerOff(),
    powerOn: () => machine.powerOn(),
    async reboot() {
      await machine.powerOff();
      await machine.powerOn();
    },
  };
}
