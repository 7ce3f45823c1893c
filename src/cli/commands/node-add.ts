import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { addNode } from '../enrolment.ts';
import { nodeAddress, nodeName, sshUser, domain } from '../../registry/grammar.ts';
import { nodeTypeOf, typeWords } from '../node-types.ts';
import { adminOf } from '../restricting.ts';
import { fingerprintsOf, originOf } from '../trust.ts';
import { checked, portOf, repeated, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (add) => {
    add
      .argument('<address>', 'IP address, such as its Tailscale address; login@address does as well')
      .requiredOption('--type <type>', typeWords.join(', '))
      .option('--name <name>', 'name in the registry; the address when left out')
      .option('--user <login>', 'login on the node; root when left out')
      .option('--port <port>', 'port of its sshd')
      .option('--public-domain <domain>', 'public domain of a VPS in a cluster with one domain per VPS')
      .option('--label <key=value>', 'label (repeatable)', repeated)
      .option(
        '--from <origin>',
        'where to take its host keys from: known_hosts or scan; one after the other when left out',
      )
      .option('--fingerprint <SHA256:…>', 'trust the key with this fingerprint alone (repeatable)', repeated)
      .option(
        '--pull',
        'it cannot be reached and fetches its configuration itself: prints the line to run there',
      )
      .option('--no-install', 'register and trust only')
      .option(
        '--upgrade',
        'install the receiver of this version over an older one and write its targets anew',
      )
      .option(
        '--restrict',
        'hold our key to the receiver (recommended): one sudo rule, one line of a dedicated key',
      )
      .option('--admin-user <login>', 'who installs and restricts, where --user may not become root')
      .option('--admin-identity <file>', 'private key of the one who installs and restricts')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nRegisters the row, pins the host keys, installs the receiver and proves it all by a push.\nWith --restrict the key of this controller runs the receiver on the node and nothing else, from then on.\nWith --pull nothing is dialled: the line that is printed holds the token of the node, and its first visit proves it.\nExit codes: 0 the node is verified (with --pull: registered), 1 it is registered but not verified.',
      );
  },
  examples: [
    'syncctl node add 100.68.225.92 --type vps --name contabo-vps --user sammy',
    'syncctl node add vinay@100.86.112.112 --type laptop',
    'syncctl node add 100.68.225.92 --type vps --user sammy --restrict --admin-identity ~/.ssh/id_ed25519',
    'syncctl node add 192.168.1.20 --type laptop --name home-server --pull',
    'syncctl node add 100.86.112.112 --type laptop --user vinay --fingerprint SHA256:… --yes',
  ],
  run: async (call) => {
    const { address, login } = loginOf(call.need(0));
    const [name, user, port, publicDomain] = [
      call.text('name'),
      call.text('user') ?? login,
      call.text('port'),
      call.text('publicDomain'),
    ];
    const pull = pullOf(call);
    return addNode(call, {
      ...pull,
      type: nodeTypeOf(call.text('type'), '--type'),
      address: checked(nodeAddress, address, 'address'),
      name: name === undefined ? undefined : checked(nodeName, name, '--name'),
      sshUser: user === undefined ? undefined : checked(sshUser, user, '--user'),
      sshPort: port === undefined ? undefined : portOf(port, '--port'),
      publicDomain: publicDomain === undefined ? undefined : checked(domain, publicDomain, '--public-domain'),
      labels: labelsOf(call.texts('label')),
      from: originOf(call.text('from')),
      fingerprints: fingerprintsOf(call.texts('fingerprint')),
      install: !call.given('install', false),
      upgrade: call.flag('upgrade'),
      restrict: restrictOf(call),
      admin: adminOf(call),
    });
  },
};

const overSsh = ['from', 'fingerprint', 'upgrade', 'restrict', 'adminUser', 'adminIdentity'] as const;

/** What is said of the way over SSH means nothing where nobody goes it. */
function pullOf(call: Call): { readonly pull?: true } {
  if (!call.flag('pull')) return {};
  const other = overSsh.find(
    (name) => call.flag(name) || call.text(name) !== undefined || call.texts(name).length > 0,
  );
  if (other === undefined && !call.given('install', false)) return { pull: true };
  const option = other?.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`) ?? 'no-install';
  throw wrongWord(
    { place: '--pull', expected: 'no option of the way over SSH beside it', remedy: 'leave one of them out' },
    `--${option}`,
  );
}

/** `sammy@100.68.225.92`, as ssh takes it. */
function loginOf(word: string): { readonly address: string; readonly login: string | undefined } {
  const at = word.lastIndexOf('@');
  return at < 1
    ? { address: word, login: undefined }
    : { address: word.slice(at + 1), login: word.slice(0, at) };
}

function restrictOf(call: Call): boolean {
  if (call.flag('restrict') && call.given('install', false))
    throw wrongWord(
      { place: '--restrict', expected: 'no --no-install beside it', remedy: 'leave one of them out' },
      '--no-install',
    );
  return call.flag('restrict');
}

function labelsOf(words: readonly string[]): Record<string, string> | undefined {
  if (words.length === 0) return undefined;
  return Object.fromEntries(
    words.map((word) => {
      const match = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,62})=([A-Za-z0-9._-]{0,63})$/u.exec(word);
      if (match === null)
        throw wrongWord(
          { place: '--label', expected: 'key=value', remedy: 'such as --label region=eu' },
          word,
        );
      return [match[1] ?? '', match[2] ?? ''];
    }),
  );
}
