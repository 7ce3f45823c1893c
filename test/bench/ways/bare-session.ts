// A session of bare ssh2, as the floor uses it: no deadline, no keepalive, no pool.
import ssh2, { type Client as SshClient } from 'ssh2';
import type { FleetNode } from '../../fleet/types.ts';

const { Client } = ssh2;

/** What a login needs to know of a node. */
export type Door = Pick<FleetNode, 'address' | 'port' | 'user' | 'hostKeys'>;

/** Logs in, with the host's key checked. */
export async function logIn(node: Door, privateKey: Buffer): Promise<SshClient> {
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
      privateKey,
      hostVerifier: (key: Buffer) => pins.has(key.toString('base64')),
    });
  });
  client.setNoDelay(true);
  return client;
}

/** Runs a command with this input and answers its output. */
export function exchange(client: SshClient, command: string, stdin: Buffer): Promise<string> {
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
