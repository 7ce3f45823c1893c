import { factsOf } from './node-types.ts';

/** Why a node is not active. `stalled` needs a person; `waiting` retries by itself. One entry per class; docs/errors.md prints this table. */
export interface Cause {
  readonly kind: 'waiting' | 'stalled';
  /** True when the node could not be reached: never `error`, never counted as a failed pass. */
  readonly offline: boolean;
  readonly meaning: string;
  /** The command that mends it; `{node}`, `{user}`, `{address}` are filled in, and `{logs}`, `{restart}` of its consumer. */
  readonly remedy: string;
}

const waiting = (meaning: string, remedy: string): Cause => ({
  kind: 'waiting',
  offline: false,
  meaning,
  remedy,
});
const offline = (meaning: string, remedy: string): Cause => ({
  kind: 'waiting',
  offline: true,
  meaning,
  remedy,
});
const stalled = (meaning: string, remedy: string): Cause => ({
  kind: 'stalled',
  offline: false,
  meaning,
  remedy,
});

// The controller's own key was not enough: the admin's is, for this once.
const ownKey = 'SYNC_CONTROLLER_SSH_IDENTITY=~/.ssh/id_ed25519';

/** The one catalogue of cause classes. */
export const causes = {
  refused: offline('nothing listens on the SSH port', 'start sshd on the node: sudo systemctl start ssh'),
  timeout: offline('the node does not answer', 'tailscale ping {address}'),
  unreachable: offline('no route to the node', 'tailscale status'),
  dns: offline('the name of the node does not resolve', 'syncctl node show {node}'),
  connection_lost: offline('the connection broke in the middle', 'syncctl push {node}'),
  pull_silent: offline(
    'the node fetches its configuration itself and has not come for it',
    'sudo systemctl start sync-controller-pull',
  ),
  throttled: waiting(
    'sshd closes connections before its banner (MaxStartups or fail2ban)',
    'syncctl doctor {node}',
  ),
  handshake: stalled('no common SSH algorithm', 'syncctl doctor {node}'),
  auth: stalled(
    'the node refuses our key',
    'ssh-copy-id -i ~/.ssh/mynodeone_id_ed25519.pub {user}@{address}',
  ),
  key_unusable: stalled('our own private key cannot be used', 'syncctl doctor'),
  hostkey_unpinned: waiting('no host key of the node is pinned', 'syncctl node trust {node} --from scan'),
  hostkey_changed: stalled(
    'the node shows another host key than the pinned one',
    'syncctl node trust {node} --from scan --replace',
  ),
  identity_mismatch: stalled('another node answered in its place', 'syncctl doctor {node}'),
  sudo: stalled('sudo on the node asks for a password or refuses', 'syncctl doctor {node}'),
  receiver_missing: stalled(
    'the receiver is not installed and we may not install it',
    `${ownKey} syncctl node add {address} --type {type} --user {user}`,
  ),
  receiver_outdated: stalled(
    'the receiver speaks an older wire and we may not upgrade it',
    `${ownKey} syncctl node add {address} --type {type} --user {user} --upgrade`,
  ),
  requirements: stalled(
    'the node lacks a program the receiver needs',
    'sudo apt-get install -y bash coreutils util-linux',
  ),
  target_unknown: stalled(
    'no target description on the node, or one that others may have written',
    'syncctl node add {address} --type {type} --user {user} --upgrade',
  ),
  target_refused: stalled('the target is a symlink, FIFO, directory or device', 'syncctl doctor {node}'),
  markers: stalled('our markers in the file are nested, doubled or unterminated', 'syncctl doctor {node}'),
  damaged_record: stalled("a record of the node's fence cannot be read", 'syncctl doctor {node}'),
  owned: stalled('the target belongs to another control plane', 'syncctl push {node} --take-over'),
  fenced: stalled(
    'a higher epoch has written to the node: another control plane leads',
    'syncctl term take --reason "…"',
  ),
  rival: stalled('another writer holds this epoch', 'syncctl term take --reason "…"'),
  stale: waiting('the node has already taken a later push of this term', 'syncctl push {node}'),
  conflict: stalled('the node took other bytes under this sequence number', 'syncctl term take --reason "…"'),
  busy: waiting('another push holds the lock of the node', 'syncctl push {node}'),
  moved: waiting('the file changed under the push', 'syncctl plan {node}'),
  rejected_request: stalled('the receiver refused our request', 'syncctl doctor {node}'),
  transfer: waiting('the document arrived truncated or altered', 'syncctl push {node}'),
  invalid_document: stalled('the node refused the document as invalid', 'syncctl render {node}'),
  enospc: waiting('no space left on the node', 'ssh {user}@{address} df -h'),
  readonly: stalled(
    "the target's file system is read-only or refuses us",
    'ssh {user}@{address} findmnt -T /etc',
  ),
  io: waiting('the file system of the node failed', 'syncctl doctor {node}'),
  deadline: waiting('the push did not finish in time', 'syncctl push {node}'),
  stalled_write: waiting('the node stopped reading', 'syncctl push {node}'),
  no_receipt: waiting('the command ended without a receipt', 'syncctl doctor {node}'),
  not_loaded: waiting(
    'the consumer (Traefik, Caddy) has not loaded what the file says',
    'ssh {user}@{address} {logs}',
  ),
  not_answering: waiting('a request through the node does not reach the route', 'syncctl doctor {node}'),
  not_resolving: waiting('the resolver of the node answers something else', 'syncctl doctor {node}'),
  consumer_down: waiting('the consumer of the file is down', 'ssh {user}@{address} {restart}'),
  restored: waiting(
    'the consumer rejected the new bytes and the fallback is in place',
    'syncctl plan {node}',
  ),
  restore_failed: stalled(
    'the consumer rejected the new bytes and the fallback failed',
    'syncctl doctor {node}',
  ),
  drift: waiting('the managed bytes on the node are not ours', 'syncctl push {node}'),
  drift_observed: waiting(
    'the managed bytes on the node are not ours, and drift is only observed there',
    'syncctl push {node}',
  ),
  legacy_writer: stalled(
    "the predecessor's tools wrote into our target again, and the node is left alone instead of fought over",
    'syncctl drift {node} correct',
  ),
  observing: waiting(
    'this controller only observes: it compares, and writes to no node and no registry',
    'syncctl adopt',
  ),
  unconfirmed: stalled(
    'the change was not confirmed over a new connection, so the node takes it back by itself',
    'syncctl plan {node}',
  ),
  rollout_waiting: waiting('a newer plan waits for its batch of the rollout', 'syncctl rollout show'),
  rolled_back: waiting('the revision was taken back, the last good one is in place', 'syncctl rollout show'),
  rollback_failed: stalled(
    'the revision was taken back, and the last good one cannot be verified',
    'syncctl doctor {node}',
  ),
  node_reset: waiting('the node lost its record of us', 'syncctl push {node}'),
  orphaned: stalled('the row of the node vanished without `node remove`', 'syncctl node remove {node}'),
  quarantined: stalled('the row of the node is not valid', 'syncctl validate'),
  no_plan: stalled('there is nothing valid to render for the node', 'syncctl validate'),
  paused: waiting('pushing is paused', 'syncctl resume'),
  frozen: waiting('the node is frozen', 'syncctl unfreeze {node}'),
  waiting_retry: waiting('the next attempt is scheduled', 'syncctl push {node}'),
  internal: stalled('a fault of ours', 'syncctl doctor'),
} as const satisfies Record<string, Cause>;

export type CauseClass = keyof typeof causes;

/** The catalogue's entry of a class. */
export function causeOf(name: CauseClass): Cause {
  return causes[name];
}

/** The remedy with the node's own words filled in. */
export function remedyFor(
  name: CauseClass,
  node: {
    name: string;
    address: string;
    sshUser: string;
    type: string;
    sshPort?: number | undefined;
    pull?: true;
  },
): string {
  const facts = factsOf(node.type);
  const remedy = node.pull === true ? withoutSsh(name) : withPort(causes[name].remedy, node.sshPort);
  return remedy
    .replaceAll('{logs}', facts?.logs ?? '')
    .replaceAll('{restart}', facts?.restart ?? '')
    .replaceAll('{node}', node.name)
    .replaceAll('{address}', node.address)
    .replaceAll('{user}', node.sshUser)
    .replaceAll('{type}', node.type);
}

/** What only the join command may install on a node that fetches its configuration itself. */
const joined: ReadonlySet<CauseClass> = new Set(['receiver_missing', 'receiver_outdated', 'target_unknown']);

/** The command for a node that nobody can log in to from here. */
function withoutSsh(name: CauseClass): string {
  if (joined.has(name)) return 'syncctl node rotate-token {node}';
  return causes[name].remedy.replace(/^ssh \{user\}@\{address\} /u, 'on the node: ');
}

/** The command for a node whose sshd listens elsewhere: copied without its port it would knock at another door. */
function withPort(remedy: string, port = 22): string {
  if (port === 22) return remedy;
  const option = `-p ${String(port)}`;
  return remedy
    .replace(/^(ssh|ssh-copy-id) /u, `$1 ${option} `)
    .replace('--user {user}', `--user {user} --port ${String(port)}`);
}

/** True where a cause says that the node could not be reached; never for a word that the catalogue does not have. */
export function isOfflineCause(cause: string | null): boolean {
  return cause !== null && Object.hasOwn(causes, cause) && causes[cause as CauseClass].offline;
}
