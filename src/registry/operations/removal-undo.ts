import type { Node } from '../../model/node.ts';
import type { VpsRecord } from '../../model/service.ts';
import type { LostRoute } from './node-removal.ts';

/** What stood in the registries for a node before it was removed. */
export interface Before {
  readonly node: Node;
  readonly record: VpsRecord | undefined;
  readonly routes: readonly LostRoute[];
}

/** The commands that bring a removed node back, in the order in which they work. Status, history and unknown fields of its row are lost. */
export function undoCommands({ node, record, routes }: Before): readonly string[] {
  return [
    line('node', 'add', node.address, ...rowOptions(node)),
    ...(record === undefined ? [] : [line('domain', 'add', '--vps', node.address, ...recordOptions(record))]),
    ...routes
      .filter(({ domains }) => domains.length > 0)
      .map(({ service, domains, vpsNodes, strategy }) =>
        line(
          ...['domain', 'route', service, ...domains, '--vps', vpsNodes.join(',')],
          ...(strategy === undefined ? [] : ['--strategy', strategy]),
        ),
      ),
  ];
}

function rowOptions(node: Node): readonly string[] {
  const { type, name, address, sshUser, sshPort, publicDomain, labels } = node;
  return [
    ...['--type', type, '--user', sshUser],
    ...(name === address ? [] : ['--name', name]),
    ...(sshPort === undefined ? [] : ['--port', String(sshPort)]),
    ...(publicDomain === undefined ? [] : ['--public-domain', publicDomain]),
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ];
}

function recordOptions({ publicIp, location }: VpsRecord): readonly string[] {
  return [
    // A record may be without its address, and cannot be made without one.
    ...['--public-ip', publicIp === '' ? '<public address>' : publicIp],
    ...(location === '' ? [] : ['--location', location]),
  ];
}

function line(...words: readonly string[]): string {
  return ['syncctl', ...words.map(shellWord)].join(' ');
}

/** A word that a POSIX shell reads back as it is. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
