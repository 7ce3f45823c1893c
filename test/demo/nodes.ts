// The demo's five nodes: an SSH server each, with its own address, host key and root folder. The real receiver runs in that folder.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';

export interface DemoNode {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly root: string;
  readonly hostKey: string;
  readonly kind: 'hosts' | 'traefik-routes';
}

export interface Account {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

const receiveCommands = [
  '/usr/local/lib/sync-controller/receive',
  'sudo -n /usr/local/lib/sync-controller/receive',
];

/** Serves one node until `close`; only the given public key may log in, and only the receiver may run. */
export async function serveNode(
  node: DemoNode,
  access: { readonly publicKey: string; readonly receiver: string; readonly account: Account },
): Promise<{ close(): Promise<void> }> {
  const allowed = ssh2.utils.parseKey(access.publicKey);
  if (allowed instanceof Error) throw allowed;
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [await readFile(node.hostKey)] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      const known = context.method === 'publickey' && context.key.data.equals(allowed.getPublicSSH());
      if (!known) {
        context.reject(['publickey']);
        return;
      }
      const valid =
        context.signature === undefined ||
        allowed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo);
      if (valid) context.accept();
      else context.reject();
    });
    client.on('session', (accept) => {
      accept().on('exec', (open, reject, info) => {
        if (!receiveCommands.includes(info.command)) {
          reject();
          return;
        }
        runReceiver(open(), node.root, access);
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(node.port, node.address, resolve);
  });
  return {
    close: async () => {
      for (const client of clients) client.end();
      await new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    },
  };
}

function runReceiver(
  channel: ssh2.ServerChannel,
  root: string,
  access: { receiver: string; account: Account },
): void {
  const { uid, gid } = access.account;
  const child = spawn('bash', [access.receiver, '--root', root], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    cwd: root,
    ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
  });
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on('error', () => undefined);
  child.on('close', (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
}
