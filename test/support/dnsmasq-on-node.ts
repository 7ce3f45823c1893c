import { Resolver } from 'node:dns/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetNode } from '../fleet/types.ts';

export interface NodeDnsmasq {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What a machine of the network is told when it asks for a name: the addresses, or the code of the refusal. */
  ask(name: string): Promise<readonly string[] | string>;
  /** An address that somebody else's file gives to a name; none takes it away again. */
  foreign(name: string, address?: string): Promise<void>;
}

const settings = `hostsdir=/etc/dnsmasq.hosts.d
addn-hosts=/etc/foreign.hosts
# Names of the cluster that nobody serves are answered here, and never asked for elsewhere.
local=/testcloud.local/
no-resolv
no-hosts
user=nobody
group=nogroup
pid-file=/run/dnsmasq.pid
`;

/** Runs a real dnsmasq inside a node, set up as the documents say. */
export async function dnsmasqOn(node: FleetNode): Promise<NodeDnsmasq> {
  for (const folder of ['etc/dnsmasq.hosts.d', 'etc/dnsmasq.d'])
    mkdirSync(join(node.rootDir, folder), { recursive: true });
  writeFileSync(join(node.rootDir, 'etc/dnsmasq.conf'), 'conf-dir=/etc/dnsmasq.d/,*.conf\n');
  writeFileSync(join(node.rootDir, 'etc/dnsmasq.d/sync-controller.conf'), settings);
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([node.address]);
  const ask = async (name: string): Promise<readonly string[] | string> => {
    try {
      return await resolver.resolve4(name);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  const start = async (): Promise<void> => {
    const ran = await node.run('dnsmasq');
    if (ran.code !== 0) throw new Error(`dnsmasq does not start: ${ran.stderr}`);
  };
  const foreignFile = join(node.rootDir, 'etc/foreign.hosts');
  let given = '';
  const foreign = async (name: string, address = ''): Promise<void> => {
    writeFileSync(foreignFile, address === '' ? '' : `${address}\t${name}\n`);
    await node.run('kill -HUP "$(cat /run/dnsmasq.pid)"');
    const settled = (answer: readonly string[] | string): boolean =>
      address === '' ? !answer.includes(given) : answer.includes(address);
    for (let tries = 0; !settled(await ask(name)); tries += 1) {
      if (tries === 200) throw new Error(`dnsmasq does not follow the foreign line of ${name}`);
      await delay(50);
    }
    given = address;
  };
  writeFileSync(foreignFile, '');
  await start();
  return {
    ask,
    start,
    foreign,
    stop: async () => {
      await node.run('kill -9 "$(cat /run/dnsmasq.pid)"; rm -f /run/dnsmasq.pid');
    },
  };
}
