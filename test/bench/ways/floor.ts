// The floor: the least that any controller over ssh2 can do for the same work. No plan, no registry, no status, no deadline.
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import ssh2, { type Client as SshClient } from 'ssh2';
import { nodeId } from '../../../src/model/node.ts';
import { hostsBundle } from '../../../src/plan/render-hosts.ts';
import { commandFor } from '../../../src/transport/programs.ts';
import { encodeRequest } from '../../../src/wire/request.ts';
import type { FleetNode } from '../../fleet/types.ts';
import { entriesOf } from '../registry.ts';
import type { Scene } from '../scene.ts';
import { eachOf, lap, type Lap } from '../stats.ts';

const { Client } = ssh2;
const cluster = 'sc-bench-floor-0001';
export const atOnce = 32;

/** One node's request as bytes, and what its receipt must contain. */
export interface Prepared {
  readonly node: FleetNode;
  readonly stdin: Buffer;
  readonly proof: string;
}

let seq = 0;

/** Requests of one generation for every node, encoded before the clock starts. */
export function prepareRequests(
  scene: Scene,
  generation: number,
  kind: 'hosts' | 'hosts-floor' = 'hosts-floor',
): readonly Prepared[] {
  const bundle = hostsBundle(cluster, entriesOf(generation));
  seq += 1;
  return scene.fleet.nodes.map((node) => {
    const nonce = randomBytes(16).toString('hex');
    const stdin = encodeRequest({
      mode: 'apply',
      cluster,
      node: nodeId('worker_nodes', node.address),
      kind,
      epoch: 1,
      writer: 'benchfloor',
      seq,
      base: undefined,
      document: Buffer.from(bundle.bytes),
      nonce,
      deadlineMs: 30_000,
      confirmSeconds: 0,
      flags: [],
      fallback: undefined,
    });
    return { node, stdin, proof: `"after":{"sha":"${bundle.digest}"` };
  });
}

/** Throws unless the output carries the receipt of the bytes that were sent. */
export function mustProve({ node, proof }: Prepared, output: string): void {
  if (!output.includes(proof))
    throw new Error(`bench: ${node.name} did not install: ${output.slice(0, 200)} ${textOf(output)}`);
}

export class FloorLoop {
  private readonly scene: Scene;
  private readonly key: Buffer;
  private readonly clients = new Map<FleetNode, SshClient>();

  constructor(scene: Scene) {
    this.scene = scene;
    this.key = readFileSync(scene.fleet.clientKey);
  }

  /** One push to every node; sessions that are missing are opened inside the measured time. */
  async run(generation: number): Promise<Lap> {
    const requests = prepareRequests(this.scene, generation);
    return lap(async () => {
      await eachOf(requests, atOnce, async (request) => {
        const client = this.clients.get(request.node) ?? (await this.connect(request.node));
        mustProve(request, await exchange(client, request));
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

function exchange(client: SshClient, { node, stdin }: Prepared): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(commandFor('receive', node.user), (error, channel) => {
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

/** The receiver's own words, which a receipt carries in base64. */
function textOf(output: string): string {
  const text = /"text":"([^"]*)"/.exec(output)?.[1];
  return text === undefined ? output : Buffer.from(text, 'base64').toString();
}
