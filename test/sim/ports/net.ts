// node:net in the simulator: addresses are judged as always, and a connection asks a virtual node's SSH port for its greeting.
import { EventEmitter } from 'node:events';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { mustRun } from '../kernel/process.ts';
import { theWorld } from '../kernel/world.ts';
import { theScene } from '../scene.ts';

export { BlockList, isIP, isIPv4, isIPv6 };

class Probe extends EventEmitter {
  destroyed = false;

  destroy(): this {
    this.destroyed = true;
    return this;
  }
}

export function connect({ host }: { host: string; port: number }): Probe {
  const process = mustRun();
  process.touch();
  const probe = new Probe();
  const node = theScene().nodes.get(host);
  const dice = process.dice;
  const tell = (event: string, ms: number): void => {
    theWorld().after(
      ms,
      () => {
        if (!probe.destroyed)
          probe.emit(event, event === 'data' ? Buffer.from('SSH-2.0-sim\r\n') : undefined);
      },
      process,
    );
  };
  theScene().counts.probes += 1;
  switch (node?.link ?? 'unreachable') {
    case 'up':
    case 'throttled':
      tell('data', 1 + dice.unit() * 20);
      break;
    case 'refused':
    case 'unreachable':
      tell('error', 1 + dice.unit() * 5);
      break;
    case 'silent':
      // The system asks a second time by itself; by then the node may be there.
      theWorld().after(1_000, () => {
        if (!probe.destroyed && node?.link === 'up') tell('data', 1 + dice.unit() * 20);
      });
      break;
    case 'mute':
      break;
  }
  return probe;
}

export function createServer(): never {
  throw new Error('sim: nothing listens');
}
export const createConnection = connect;
export class Socket extends EventEmitter {}
