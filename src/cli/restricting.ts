import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes } from '../lib/errors.ts';
import { causes, remedyFor, type CauseClass } from '../model/cause.ts';
import type { Node } from '../model/node.ts';
import type { PushReport } from '../contract/report.ts';
import { sshUser } from '../registry/grammar.ts';
import type { Call } from './call.ts';
import { printPush } from './commands/push.ts';
import type { Admin, EnrolPort } from './enrol-port.ts';
import { Progress } from './output/progress.ts';
import { needStatus } from './registries.ts';
import { rowWords } from './node-types.ts';
import { checked, wrongWord } from './words.ts';

/** Failures of the way that our key opens; any other one says nothing against the key. */
const ofTheWay: ReadonlySet<string> = new Set<CauseClass>([
  ...(['auth', 'key_unusable', 'sudo', 'receiver_missing', 'no_receipt', 'rejected_request'] as const),
  'requirements',
]);

/**
 * `--admin-user` and `--admin-identity`.
 * @throws SyncError `usage` where there is no such file: without it other keys would be tried in silence.
 */
export function adminOf(call: Call): Admin {
  const [user, file] = [call.text('adminUser'), call.text('adminIdentity')];
  const identity = file === undefined ? undefined : fileOf(call, file);
  if (identity !== undefined && !existsSync(identity))
    throw wrongWord(
      {
        place: '--admin-identity',
        expected: 'the file of a private key',
        remedy: 'such as ~/.ssh/id_ed25519; a key of an agent needs no name',
      },
      file,
    );
  return { user: user === undefined ? undefined : checked(sshUser, user, '--admin-user'), identity };
}

function fileOf({ context }: Call, file: string): string {
  return resolve(context.cwd, file.replace(/^~(?=\/)/u, context.env['HOME'] ?? '~'));
}

/** What mends a failure of the admin's way: the catalogue speaks of our own key. */
export function adminRemedy(cause: string, node: Node, command: string): string {
  if (cause === 'auth' || cause === 'receiver_outdated')
    return `name a key that may become root there: ${command} --admin-identity ~/.ssh/id_ed25519`;
  if (cause === 'sudo') return `name a login that may become root there: ${command} --admin-user root`;
  return cause in causes ? remedyFor(cause as CauseClass, node) : 'syncctl doctor';
}

/** Holds a node to the receiver, proves it by a push, and takes everything back where the way does not carry it. */
export async function restrictNode(
  call: Call,
  enrol: EnrolPort,
  { node, admin }: { readonly node: Node; readonly admin: Admin },
): Promise<number> {
  // It mints the id of the cluster, with which the lines on the node are marked.
  await call.controller();
  call.note('info', `Restricting our key on ${node.name} to the receiver`);
  const enforced = await enrol.restriction.enforce(node, admin, call.context.signal);
  if (!enforced.ok) {
    const { cause, evidence, takenBack } = enforced;
    const remedy = adminRemedy(cause, node, `syncctl node add ${rowWords(node)} --restrict`);
    call.note('error', `${node.name} is not restricted (${cause}: ${evidence}); ${takenBack}; ${remedy}`);
    return exitCodes.failure;
  }
  const report = await proofPush(call, node);
  await printPush(call, report);
  const failed = report.nodes.find(({ state }) => state !== 'active');
  if (failed?.cause !== undefined && failed.cause !== null && ofTheWay.has(failed.cause)) {
    const back = await enrol.restriction.takeBack(node, admin, { ...enforced, signal: call.context.signal });
    call.note('error', `${node.name} is not restricted (the push failed, ${failed.cause}); ${back}`);
    return exitCodes.failure;
  }
  call.note(
    'success',
    `${node.name} is restricted: our key ${enforced.key.fingerprint} runs the receiver there and nothing else`,
  );
  call.note('info', `To undo: syncctl node remove ${node.name} --uninstall`);
  return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
}

/** A push of one node through the controller, as every other will be. */
export async function proofPush(call: Call, node: Node): Promise<PushReport> {
  const controller = await call.controller();
  // The controller looks at the registries anew before it plans: from here on it knows the row.
  await controller.plan({ nodes: undefined, offline: true });
  const progress = new Progress(call, await needStatus(controller), 1);
  const request = {
    nodes: [node.id],
    takeOver: false,
    // A node that never had a revision has no last good one to wait with.
    allAtOnce: true,
    actor: call.actor(call.text('reason') ?? 'enrolment'),
  };
  return progress.until(controller.push(request, progress.onNode));
}
