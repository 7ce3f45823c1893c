// The floor: the least that any controller over ssh2 can do for the same work. No plan, no registry, no status, no deadline.
import { readFileSync } from 'node:fs';
import type { Client } from 'ssh2';
import { commandFor } from '../../../src/transport/programs.ts';
import type { FleetNode } from '../../fleet/types.ts';
import type { Scene } from '../scene.ts';
import { eachOf, lap, type Lap } from '../stats.ts';
import { exchange, logIn } from './bare-session.ts';
import { mustProve, prepareRequests } from './requests.ts';

export const atOnce = 32;

export class FloorLoop {
  private readonly scene: Scene;
  private readonly key: Buffer;
  private readonly clients = new Map<FleetNode, Client>();

  constructor(scene: Scene) {
    this.scene = scene;
    this.key = readFileSync(scene.fleet.clientKey);
  }

  /** One push to every node; sessions that are missing are opened inside the measured time. */
  async run(run: number): Promise<Lap> {
    const requests = prepareRequests(this.scene, run);
    return lap(async () => {
      await eachOf(requests, atOnce, async (request) => {
        const client = await this.clientOf(request.node);
        mustProve(request, await exchange(client, commandFor('receive', request.node.user), request.stdin));
      });
      return undefined;
    });
  }

  /** The same loop with a program that does nothing: what sshd, the login shell and sudo cost before any receiver starts. */
  async empty(): Promise<Lap> {
    return lap(async () => {
      await eachOf([...this.clients.values()], atOnce, async (client) => {
        await exchange(client, 'sudo -n true', Buffer.alloc(0));
      });
      return undefined;
    });
  }

  /** Ends every session, so that the next run is cold. */
  async close(): Promise<void> {
    const clients = [...this.clients.values()];
    this.clients.clear();
    await Promise.all(
      clients.map(
        (client) =>
          new Promise<void>((resolve) => {
            client
              .once('close', () => {
                resolve();
              })
              .end();
          }),
      ),
    );
  }

  private async clientOf(node: FleetNode): Promise<Client> {
    const client = this.clients.get(node) ?? (await logIn(node, this.key));
    this.clients.set(node, client);
    return client;
  }
}
