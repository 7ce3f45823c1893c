import { exitCodes, SyncError } from '../lib/errors.ts';
import type { Node } from '../model/node.ts';
import type { Call } from './call.ts';
import type { Admin, EnrolPort } from './enrol-port.ts';
import { mustBeDialled } from './joining.ts';
import { rowWords } from './node-types.ts';
import { pickNode } from './pick.ts';
import { needRegistries } from './registries.ts';
import { adminOf, adminRemedy } from './restricting.ts';
import { wrongWord } from './words.ts';

/** What `node remove --uninstall` does beside the removal. */
export interface Uninstall {
  /** What goes, line by line, for somebody who is about to say yes. */
  readonly outlook: readonly string[];
  /** Takes it out, once the managed bytes are withdrawn. @returns the exit code. */
  readonly run: () => Promise<number>;
}

interface Leaving {
  readonly node: Node;
  readonly admin: Admin;
  /** Another row leads to the same login: it goes on needing rule and line. */
  readonly shared: boolean;
}

/** Refuses words that exclude each other, before anybody is asked for anything. */
export function checkUninstall(call: Call): void {
  if (call.flag('uninstall') && call.flag('abandon'))
    throw wrongWord(
      { place: '--uninstall', expected: 'no --abandon beside it', remedy: 'leave one of them out' },
      '--abandon',
    );
  adminOf(call);
}

/** Looks as an admin at what is to go, before anything does; undefined without `--uninstall`. */
export async function uninstallOf(call: Call): Promise<Uninstall | undefined> {
  if (!call.flag('uninstall')) return undefined;
  const { snapshot } = await needRegistries(call);
  const node = pickNode(call.need(0), snapshot.nodes);
  mustBeDialled(node, 'node remove --uninstall');
  const shared = [...snapshot.nodes.values()].some(
    ({ id, address, sshUser }) => id !== node.id && address === node.address && sshUser === node.sshUser,
  );
  const enrol = await call.keep(call.context.openEnrol(await call.settings()));
  const leaving = { node, admin: adminOf(call), shared };
  const outlook = await look(call, enrol, leaving);
  return { outlook, run: () => run(call, enrol, leaving) };
}

/** The look also proves that the admin's login works, while nothing is done yet. */
async function look(
  call: Call,
  enrol: EnrolPort,
  { node, admin, shared }: Leaving,
): Promise<readonly string[]> {
  const seen = await enrol.restriction.look(node, admin, call.context.signal);
  if (!seen.ok) {
    const remedy = adminRemedy(seen.cause, node, `syncctl node remove ${node.name} --uninstall`);
    const what = `${node.name}: expected to be let in as an admin, got ${seen.cause}: ${seen.evidence}`;
    throw new SyncError('failure', `${what}; nothing was changed`, { remedy });
  }
  const { rule, lines, receiver, kinds } = seen.answer;
  const login = node.sshUser;
  const kept = `Another row leads to ${login}@${node.address}: sudo rule and key lines stay.`;
  return [
    ...(shared ? [kept] : []),
    ...(rule && !shared ? [`/etc/sudoers.d/sync-controller: the rule of ${login} goes.`] : []),
    ...(lines > 0 && !shared ? [`authorized_keys of ${login}: ${String(lines)} of our lines go.`] : []),
    ...(receiver === ''
      ? []
      : [`Receiver ${receiver} goes with the last target there (${kinds.join(', ')}).`]),
  ];
}

async function run(call: Call, enrol: EnrolPort, { node, admin, shared }: Leaving): Promise<number> {
  const gone = await enrol.restriction.uninstall(node, { admin, shared }, call.context.signal);
  if (gone.ok) {
    call.note(
      'success',
      `${node.name}: nothing of ours is left there${shared ? ' but what another row needs' : ''}`,
    );
    call.note('info', `To undo: syncctl node add ${rowWords(node)} --name ${node.name} --restrict`);
    return exitCodes.ok;
  }
  call.note(
    'error',
    `${node.name} is withdrawn and not uninstalled (${gone.cause}: ${gone.evidence}); ` +
      `on the node, as root: rm -rf /etc/sudoers.d/sync-controller /usr/local/lib/sync-controller /var/lib/sync-controller /etc/sync-controller, and take our line out of authorized_keys of ${node.sshUser}`,
  );
  return exitCodes.failure;
}
