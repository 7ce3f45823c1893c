import type { Node } from '../../model/node.ts';
import { factsOf } from '../../model/node-types.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { loginTo } from './mends.ts';
import type { NodeLook } from '../../compose/doctor-ports.ts';

const { warning, error } = findingsOf('login');

/** What uses the target on the node says that it is well: the resolver where that is /etc/hosts, else a server such as Traefik. */
export async function consumerFindings(
  node: Node,
  { rungs, text }: NodeLook & { ok: true },
): Promise<readonly DoctorFinding[]> {
  const said = text === '' ? '' : `: ${text}`;
  return factsOf(node.type).kind === 'hosts'
    ? resolver(node, rungs['resolves'], said)
    : server(node, rungs, said).concat(await unread(node, rungs));
}

function server(node: Node, rungs: Readonly<Record<string, string>>, said: string): DoctorFinding[] {
  const { word, restart, logs } = factsOf(node.type);
  const [who, login] = [node.type === 'vps_nodes' ? 'Traefik' : word, loginTo(node)];
  const mend = `ssh ${login} ${restart}; ssh ${login} ${logs}`;
  const found: DoctorFinding[] = [];
  const says = (word: string, ...names: readonly string[]): boolean =>
    names.some((name) => rungs[name] === word);
  if (says('down', 'raw', 'answers', 'resolves'))
    found.push(error(node.name, `${who} does not answer${said}`, mend));
  if (says('bad', 'answers', 'resolves'))
    found.push(error(node.name, `${who} does not serve what the file says${said}`, mend));
  if (says('bad', 'raw'))
    found.push(error(node.name, `the API of ${who} answers something else${said}`, mend));
  return found;
}

/** A consumer that could report what it serves, and does not. */
async function unread(
  { type, name, address, sshUser }: Node,
  rungs: Readonly<Record<string, string>>,
): Promise<readonly DoctorFinding[]> {
  if (rungs['raw'] !== 'none') return [];
  // Not with the command: the plans of all types are more than most looks need.
  const { nodeTypes } = await import('../../plan/node-types/index.ts');
  if (nodeTypes[type].target.report === undefined) return [];
  const [api, enable] =
    type === 'vps_nodes'
      ? ["Traefik's API", 'enable the API on 127.0.0.1 in traefik.yml']
      : ["Caddy's admin API", 'take "admin off" out of the Caddyfile'];
  return [
    warning(
      name,
      `${api} cannot be read, so only a request proves a route`,
      `${enable}, then: syncctl node add ${address} --type ${type} --user ${sshUser} --upgrade`,
    ),
  ];
}

function resolver(node: Node, rung: string | undefined, said: string): readonly DoctorFinding[] {
  if (rung === 'bad')
    return [
      error(
        node.name,
        `the resolver does not answer what our block in /etc/hosts says${said}`,
        'on the node: take other lines of that name out of /etc/hosts, or put "files" before "dns" in the hosts line of /etc/nsswitch.conf; sudo resolvectl flush-caches',
      ),
    ];
  return rung === 'down'
    ? [error(node.name, `the resolver does not answer${said}`, `ssh ${loginTo(node)} resolvectl status`)]
    : [];
}
