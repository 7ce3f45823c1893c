// The floor: the least that any controller over ssh2 can do for the same work. No plan, no registry, no status, no deadline.
import { readFileSync } from 'node:fs';
import ssh2, { type Client as SshClient } from 'ssh2';
import { commandFor } from '../../../src/transport/programs.ts';
import type { FleetNode } from '../../fleet/types.ts';
import type { Scene } from '../scene.ts';
import { eachOf, lap, type Lap } from '../stats.ts';
import { mustProve, prepareRequests } from './requests.ts';

const { Client } = ssh2;
export const atOnce = 32;

export class FloorLoop {
  private readonly scene: Scene;
  private readonly key: Buffer;
  private readonly clients = new Map<FleetNode, SshClient>();

  constructor(scene: Scene) {
    this.scene = scene;
    this.key = readFileSync(scene.fleet.clientKey);
  }

  /** One push to every node; sessions that are missing are opened inside the measured time. */
  async run(run: number): Promise<Lap> {
    const requests = prepareRequests(this.scene, run);
    return lap(async () => {
      await eachOf(requests, atOnce, async (request) => {
        const client = this.clients.get(request.node) ?? (await this.connect(request.node));
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

  private async connect(node: FleetNode): Promise<SshClient> {
    const client = new Client();
    const pins = new Set(node.hostKeys.map((line) => line.split(' ')[1]));
    await new Promise<void>((resolve, reject) => {
      client
        .once('ready', () => {
          resolve();
        })
        .on('error', reject);
      client.connect({
        host: node.address,
        port: node.port,
        username: node.user,
        privateKey: this.key,
        hostVerifier: (key: Buffer) => pins.has(key.toString('base64')),
      });
    });
    client.setNoDelay(true);
    this.clients.set(node, client);
    return client;
  }
}

function exchange(client: SshClient, command: string, stdin: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      const output: Buffer[] = [];
      channel.on('data', (chunk: Buffer) => output.push(chunk));
      channel.stderr.resume();
      channel.on('close', () => {
        resolve(Buffer.concat(output).toString());
      });
      channel.end(stdin);
    });
  });
}
