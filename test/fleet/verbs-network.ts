import type { NamespaceMachine } from './namespace-machine.ts';
import { mustRun } from './process.ts';
import type { BlackholeDirection, FleetNode } from './types.ts';

type NetworkVerbs = Pick<FleetNode, 'unplug' | 'plug' | 'blackhole' | 'unblackhole'>;

const NOWHERE = '02:00:00:00:00:99';

/**
 * Faults of the wire. A blackhole keeps address resolution alive, so that nobody is told "no route to host":
 * the bridge steers frames for the node to a port that is down, and the node has a bogus permanent neighbour for every peer.
 */
export function networkVerbs(machine: NamespaceMachine, peers: () => readonly string[]): NetworkVerbs {
  const { site, mac, port } = machine;
  const deafen = (): Promise<unknown> =>
    mustRun(site.inside(['bridge', 'fdb', 'replace', mac, 'dev', 'hole', 'master', 'static', 'sticky']));
  const mute = (): Promise<unknown> => {
    const lines = peers().map((peer) => `neigh replace ${peer} lladdr ${NOWHERE} dev eth0 nud permanent\n`);
    return mustRun(machine.insideNetwork(['ip', '-force', '-batch', '-']), lines.join(''));
  };
  const hear = async (): Promise<void> => {
    const table = await mustRun(site.inside(['bridge', 'fdb', 'show', 'brport', 'hole']));
    if (table.includes(mac))
      await mustRun(site.inside(['bridge', 'fdb', 'del', mac, 'dev', 'hole', 'master']));
  };
  return {
    async unplug() {
      await mustRun(site.inside(['ip', 'link', 'set', port, 'down']));
    },
    async plug() {
      await mustRun(site.inside(['ip', 'link', 'set', port, 'up']));
    },
    async blackhole(direction: BlackholeDirection = 'both') {
      if (direction !== 'from-node') await deafen();
      if (direction !== 'to-node') await mute();
    },
    async unblackhole() {
      await hear();
      await mustRun(machine.insideNetwork(['ip', 'neigh', 'flush', 'nud', 'permanent', 'dev', 'eth0']));
    },
  };
}
