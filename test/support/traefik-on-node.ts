import { copyFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetNode } from '../fleet/types.ts';
import { builtProgram } from '../servers/origins.ts';

export interface NodeTraefik {
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Status code of a request for a host name, made on the node itself. */
  ask(host: string): Promise<string>;
}

const staticConfig = `entryPoints:
  web:
    address: ":80"
  websecure:
    address: ":443"
  traefik:
    address: "127.0.0.1:8080"
api:
  insecure: true
log:
  level: DEBUG
  filePath: /home/node/traefik/traefik.log
providers:
  file:
    directory: /home/node/traefik/config
    watch: true
certificatesResolvers:
  letsencrypt:
    acme:
      email: a@example.org
      storage: /home/node/traefik/acme.json
      caServer: http://127.0.0.1:9/directory
      httpChallenge:
        entryPoint: web
`;

/** Runs a real Traefik inside a node, laid out as the predecessor's installer does. */
export async function traefikOn(node: FleetNode, version: 'v2' | 'v3'): Promise<NodeTraefik> {
  const program = builtProgram(`traefik-${version}`);
  if (program === undefined) throw new Error(`traefik ${version} is not built`);
  const home = join(node.rootDir, 'home/node/traefik');
  mkdirSync(join(home, 'config'), { recursive: true });
  writeFileSync(join(home, 'traefik.yml'), staticConfig);
  copyFileSync(program, join(node.rootDir, 'usr/local/bin/traefik'));
  chmodSync(join(node.rootDir, 'usr/local/bin/traefik'), 0o755);
  await node.run('chown -R node /home/node/traefik');
  const start = async (): Promise<void> => {
    await node.run(
      'setsid traefik --configFile=/home/node/traefik/traefik.yml >/home/node/traefik/out.log 2>&1 </dev/null & echo $! >/run/traefik.pid',
    );
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await node.run('curl -fsS -m 1 http://127.0.0.1:8080/api/rawdata')).code === 0) return;
      await delay(100);
    }
    throw new Error(
      `traefik does not start: ${(await node.run('tail -5 /home/node/traefik/out.log')).stdout}`,
    );
  };
  await start();
  return {
    start,
    stop: async () => {
      await node.run('kill -9 "$(cat /run/traefik.pid)"');
    },
    ask: async (host) =>
      (
        await node.run(
          `curl -ks -m 3 -o /dev/null -w '%{http_code}' --resolve ${host}:443:127.0.0.1 https://${host}/`,
        )
      ).stdout,
  };
}
