import type { CauseClass } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';

type Mend = (words: {
  readonly login: string;
  readonly user: string;
  readonly name: string;
  readonly target: string;
}) => string;

/** Where the catalogue sends people to doctor, doctor must know more. */
const mends: Partial<Record<CauseClass, Mend>> = {
  throttled: () => 'on the node: sudo fail2ban-client status sshd; raise MaxStartups in /etc/ssh/sshd_config',
  handshake: ({ login }) => `compare the algorithms: ssh -vv ${login} true`,
  key_unusable: () => 'as the finding on the key of this machine says',
  identity_mismatch: ({ login, name }) =>
    `see who answers: ssh ${login} hostname; then: syncctl node show ${name}`,
  sudo: ({ user }) =>
    `on the node: sudo visudo -f /etc/sudoers.d/sync-controller, with the line: ${user} ALL=(root) NOPASSWD: /usr/local/lib/sync-controller/receive ""`,
  target_refused: ({ login, target }) =>
    `look at it: ssh ${login} sudo ls -ld ${target}; a symlink, device or folder must make way for a file`,
  markers: ({ login, target }) =>
    `look at it: ssh ${login} sudo grep -n sync-controller ${target}; leave one begin and one end line, or none`,
  damaged_record: ({ login, name }) =>
    `look at it: ssh ${login} sudo ls -lR /var/lib/sync-controller/clusters; move the damaged journal away, then: syncctl push ${name}`,
  rejected_request: ({ login, name }) =>
    `compare the versions: ssh ${login} ls -l /usr/local/lib/sync-controller; syncctl version; then: syncctl node show ${name}`,
  io: ({ login }) => `look at the disk: ssh ${login} "sudo dmesg | tail; df -h"`,
  no_receipt: ({ login }) => `see what the login prints: ssh ${login} true; profile scripts must not end it`,
  not_answering: ({ login }) => `ssh ${login} docker logs traefik -n 50`,
  not_resolving: () =>
    'on the node: put "files" before "dns" in the hosts line of /etc/nsswitch.conf; sudo resolvectl flush-caches',
  restore_failed: ({ login, name }) => `put it right on the node (ssh ${login}), then: syncctl push ${name}`,
  internal: ({ name }) => `syncctl push ${name} --debug, and report what it says`,
};

/** What mends a cause on a node, where the catalogue knows only doctor. */
export function mendFor(cause: CauseClass, node: Node): string | undefined {
  const target = node.type === 'vps_nodes' ? '~/traefik/config/mynodeone-routes.yml' : '/etc/hosts';
  return mends[cause]?.({
    login: `${node.sshUser}@${node.address}`,
    user: node.sshUser,
    name: node.name,
    target,
  });
}
