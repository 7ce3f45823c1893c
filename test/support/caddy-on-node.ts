import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetNode } from '../fleet/types.ts';

export interface NodeCaddy {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The main Caddyfile with more of the admin's own in it; Caddy is not told of it. */
  caddyfile(more: string): void;
  /** What a request by host name gets from the node: status code and body, `000` where the handshake is refused. */
  ask(host: string): Promise<string>;
  /** The same without TLS: the redirect of a name that is served, else what the admin's Caddyfile has for every other one. */
  askPlain(host: string): Promise<string>;
}

const options = `{
	local_certs
	skip_install_trust
	storage file_system /var/lib/caddy
}
`;

/** Runs a real Caddy inside a node, set up as the documents say; certificates are its own, as nobody can ask an authority here. */
export async function caddyOn(node: FleetNode): Promise<NodeCaddy> {
  const folder = join(node.rootDir, 'etc/caddy');
  mkdirSync(folder, { recursive: true });
  const caddyfile = (more: string): void => {
    const own = 'mine.example.net {\n\trespond "mine"\n}\nhttp:// {\n\trespond 404\n}\n';
    writeFileSync(join(folder, 'Caddyfile'), `${options}${own}${more}import sync-controller*.caddy\n`);
  };
  caddyfile('');
  const ask = async (host: string): Promise<string> => {
    const request = `curl -ks -m 3 -w ' %{http_code}' --resolve ${host}:443:127.0.0.1 https://${host}/`;
    return (await node.run(request)).stdout.trim();
  };
  const askPlain = async (host: string): Promise<string> => {
    const request = `curl -s -m 3 -o /dev/null -w '%{http_code}' --resolve ${host}:80:127.0.0.1 http://${host}/`;
    return (await node.run(request)).stdout.trim();
  };
  const start = async (): Promise<void> => {
    await node.run(
      'HOME=/root setsid caddy run --config /etc/caddy/Caddyfile >/tmp/caddy.log 2>&1 </dev/null & echo $! >/run/caddy.pid',
    );
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await ask('mine.example.net')) === 'mine 200') return;
      await delay(100);
    }
    throw new Error(`caddy does not start: ${(await node.run('tail -5 /tmp/caddy.log')).stdout}`);
  };
  await start();
  return {
    ask,
    askPlain,
    start,
    caddyfile,
    stop: async () => {
      await node.run('kill -9 "$(cat /run/caddy.pid)"');
    },
  };
}
