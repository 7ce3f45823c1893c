import { isTailscale } from '../../lib/tailnet.ts';
import type { CauseClass } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import { factsOf } from '../../model/node-types.ts';

/** What a look at a node brought beside its cause. */
export interface Circumstances {
  readonly evidence?: string;
  /** The private key that a push would use. */
  readonly identity?: string | undefined;
}

interface Words {
  readonly login: string;
  readonly user: string;
  readonly name: string;
  readonly target: string;
  readonly logs: string;
  readonly address: string;
  /** The node's own words of `syncctl node add`. */
  readonly row: string;
  readonly evidence: string;
  readonly identity: string;
}

type Mend = (words: Words) => string;

const ping: Mend = ({ address }) => `${isTailscale(address) ? 'tailscale ping' : 'ping -c 3'} ${address}`;

/** Where the catalogue sends people to doctor, or cannot know what was seen, doctor must know more. */
const mends: Partial<Record<CauseClass, Mend>> = {
  timeout: (words) =>
    // The kernel of a machine that hangs goes on taking connections.
    words.evidence.includes('handshake')
      ? `at the console of the node: sudo systemctl restart ssh; see first: ${ping(words)}`
      : `${ping(words)}; start the machine, or open the port in its firewall`,
  unreachable: ({ address }) => (isTailscale(address) ? 'tailscale status' : `ip route get ${address}`),
  auth: ({ login, identity }) => `ssh-copy-id -i ${identity}.pub ${login}`,
  throttled: () => 'on the node: sudo fail2ban-client status sshd; raise MaxStartups in /etc/ssh/sshd_config',
  handshake: ({ login }) => `compare the algorithms: ssh -vv ${login} true`,
  key_unusable: () => 'as the finding on the key of this machine says',
  identity_mismatch: ({ login, name }) =>
    `see who answers: ssh ${login} hostname; then: syncctl node show ${name}`,
  sudo: sudoMend,
  receiver_missing: ({ row }) =>
    `syncctl node add ${row} (where our login may not become root, before it: SYNC_CONTROLLER_SSH_IDENTITY=~/.ssh/id_ed25519)`,
  target_refused: ({ login, target, name }) =>
    `look at it: ssh ${login} 'sudo ls -ld ${target}'; a symlink, device or folder must make way for a file; then: syncctl push ${name}`,
  markers: ({ login, target, name }) =>
    `look at it: ssh ${login} 'sudo grep -n sync-controller ${target}'; leave one begin and one end line, or none; then: syncctl push ${name}`,
  damaged_record: ({ login, name }) =>
    `look at it: ssh ${login} sudo ls -lR /var/lib/sync-controller/clusters; move the damaged journal away, then: syncctl push ${name}`,
  rejected_request: ({ login, name }) =>
    `compare the versions: ssh ${login} ls -l /usr/local/lib/sync-controller; syncctl version; then: syncctl node show ${name}`,
  // sudo reads /etc/hosts to name its machine: what hangs there hangs before the receiver can say a word.
  deadline: ({ login, name }) =>
    `look for what hangs: ssh ${login} ls -ld /etc/hosts; a FIFO in its place stops sudo itself and must make way for a file; then: syncctl push ${name}`,
  io: ({ login }) => `look at the disk: ssh ${login} "sudo dmesg | tail; df -h"`,
  no_receipt: ({ login }) => `see what the login prints: ssh ${login} true; profile scripts must not end it`,
  not_answering: ({ login, logs }) => `ssh ${login} ${logs}`,
  not_resolving: () =>
    'on the node: put "files" before "dns" in the hosts line of /etc/nsswitch.conf; sudo resolvectl flush-caches',
  restore_failed: ({ login, name }) => `put it right on the node (ssh ${login}), then: syncctl push ${name}`,
  rollback_failed: ({ login, name }) =>
    `look at the node (ssh ${login}) and put right what its evidence names, then: syncctl push ${name}`,
  internal: ({ name }) => `syncctl push ${name} --debug, and report what it says`,
};

/** sudo fails in three ways that one line cannot mend. */
function sudoMend({ user, evidence }: Words): string {
  if (/command not found|No such file/u.test(evidence))
    return 'on the node, as root: apt-get install -y sudo; then ask doctor again';
  const line = /\btty\b/u.test(evidence)
    ? `Defaults:${user} !requiretty`
    : `${user} ALL=(root) NOPASSWD: /usr/local/lib/sync-controller/receive ""`;
  return `on the node: sudo visudo -f /etc/sudoers.d/sync-controller, with the line: ${line}`;
}

/** What mends a cause on a node, where doctor knows more than the catalogue. */
export function mendFor(
  cause: CauseClass,
  node: Node,
  { evidence = '', identity = '~/.ssh/mynodeone_id_ed25519' }: Circumstances = {},
): string | undefined {
  const { name, address, sshUser, type } = node;
  const { target, logs } = factsOf(type);
  const login = loginTo(node);
  const row = `${address} --type ${type} --user ${sshUser}`;
  return mends[cause]?.({ login, user: sshUser, name, target, logs, address, row, evidence, identity });
}

/** The words of `ssh` that lead to a node. */
export function loginTo({ sshUser, address, sshPort }: Node): string {
  return `${sshPort === undefined ? '' : `-p ${String(sshPort)} `}${sshUser}@${address}`;
}

/** What a class means as doctor sees it: it looks, and has not tried what a push would. */
export const meanings: Partial<Record<CauseClass, string>> = {
  receiver_missing: 'the receiver is not installed',
  receiver_outdated: 'the receiver speaks an older wire',
};
