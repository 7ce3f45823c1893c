import { createServer } from 'node:net';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel, Session } from 'ssh2';
import { ed25519Key } from '../fleet/keys.ts';
import type { SshKey } from '../fleet/keys.ts';

/** A server on a loopback port that misbehaves as told, for faults a real sshd cannot be told to have. */
export interface ScriptedServer {
  readonly port: number;
  /** Connections it has taken so far. */
  readonly taken: () => number;
  stop(): Promise<void>;
}

async function listen(server: NetServer, sockets: Set<Socket>): Promise<ScriptedServer> {
  let taken = 0;
  server.on('connection', (socket: Socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => taken,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A plain TCP server. */
export function tcpServer(onConnection: (socket: Socket) => void): Promise<ScriptedServer> {
  return listen(createServer(onConnection), new Set());
}

export interface SshScript {
  /** Default: every key is welcome. */
  readonly onLogin?: (context: AuthContext, connection: Connection) => void;
  /** Default: sessions are accepted. */
  readonly onSession?: (accept: () => Session, reject: () => void) => void;
  readonly onCommand?: (channel: ServerChannel, socket: Socket) => void;
}

/** An SSH server that keeps to the protocol up to where its script says otherwise. */
export async function sshServer(script: SshScript, hostKey: SshKey): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateFile] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (script.onLogin === undefined) context.accept();
      else script.onLogin(context, connection);
    });
    connection.on('session', (accept, reject) => {
      if (script.onSession !== undefined) {
        script.onSession(accept, reject);
        return;
      }
      accept().on('exec', (take) => {
        const channel = take();
        channel.on('error', () => undefined);
        channel.resume();
        const [socket] = [...sockets].slice(-1);
        if (socket !== undefined) script.onCommand?.(channel, socket);
      });
    });
  });
  const server = createServer({ noDelay: true }, (socket) => {
    ssh.injectSocket(socket);
  });
  return await listen(server, sockets);
}

/** A host key for a scripted server. */
export function scriptedHostKey(): SshKey {
  return ed25519Key('scripted');
}
