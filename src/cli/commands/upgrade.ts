import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { causes, remedyFor, type CauseClass } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import { selectNodes } from '../../reconcile/selection.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import type { Admin } from '../enrol-port.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { needRegistries } from '../registries.ts';
import { adminOf, adminRemedy } from '../restricting.ts';
import { carryOut, undoLine, type Upgraded } from '../upgrade/carry-out.ts';
import { planUpgrade, type UpgradeStep } from '../upgrade/plan.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (upgrade) => {
    upgrade
      .argument('[nodes...]', 'names, addresses or ids; every node when left out')
      .option('--dry-run', 'show the plan and do nothing')
      .option('--admin-user <login>', 'who upgrades, where the login of the node may not become root')
      .option('--admin-identity <file>', 'private key of the one who upgrades, where ours is restricted')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nThe receiver is what runs on a node. A push brings a newer one by itself where our login may become root; this brings it to all of them at once, and says which have it.\nA node is changed under its own lock, proved by the answer of the new receiver, and never goes down in version.\nOur key runs the receiver of a restricted node and nothing else, so it cannot replace it: an admin does, with --admin-identity.\nExit codes: 0 every node asked for has the receiver of this release or a newer one, 1 some have not.',
      );
  },
  examples: [
    'syncctl upgrade --dry-run',
    'syncctl upgrade --yes',
    'syncctl upgrade contabo-vps --admin-identity ~/.ssh/id_ed25519',
  ],
  run: async (call) => {
    const admin = adminOf(call);
    const nodes = await wanted(call);
    const ports = await call.keep(call.context.openDoctor(await call.settings()));
    const ours = await ports.receiverVersion();
    const { signal } = call.context;
    const steps = await planUpgrade(ports, nodes, { isHeld: await heldBy(call, ports, admin), signal });
    const changing = steps.filter(({ action }) => action === 'upgrade');
    if (call.flag('dryRun')) {
      await print(call, steps.map(untouched), ours);
      call.note('info', 'Dry run: nothing was done');
      return exitCodes.ok;
    }
    if (changing.length > 0)
      await call.confirm(
        `Upgrade ${counted(changing.length, 'receiver')} to ${ours}?`,
        changing.map(({ node, from }) => `${node.name}: ${from ?? 'none'} -> ${ours}`),
      );
    const enrol = await call.keep(call.context.openEnrol(await call.settings()));
    const done = await carryOut(steps, {
      ...{ ports, enrol, admin, ours, signal },
      onNode: (one) => {
        tell(call, one, ours);
      },
    });
    await print(call, done, ours);
    return done.every(({ result }) => result !== 'failed') ? exitCodes.ok : exitCodes.failure;
  },
};

type Shown = UpgradeStep & { readonly result: Upgraded['result'] | null };

const untouched = (step: UpgradeStep): Shown => ({ ...step, result: null });

async function wanted(call: Call): Promise<readonly Node[]> {
  const { nodes } = (await needRegistries(call)).snapshot;
  return selectNodes(call.words(0), nodes).flatMap((id) => nodes.get(id) ?? []);
}

/** Whether our key may only run the receiver there, which does not matter to an admin. */
async function heldBy(
  call: Call,
  ports: { held(node: Node, signal: AbortSignal): Promise<boolean | undefined> },
  admin: Admin,
): Promise<(node: Node) => Promise<boolean>> {
  if (admin.identity !== undefined || admin.user !== undefined) return () => Promise.resolve(false);
  const { stateDirectory } = (await call.settings()).daemon;
  const { restrictedNodes } = await import('../../enrol/restricted-nodes.ts');
  const known = restrictedNodes(stateDirectory);
  // A line that an admin has written himself stands in no list of ours: the node is asked.
  return async (node) => known.has(node.id) || (await ports.held(node, call.context.signal)) === true;
}

function tell(call: Call, done: Upgraded, ours: string): void {
  const { node, action, from, cause, evidence } = done;
  const line = `syncctl upgrade ${node.name}`;
  if (done.result === 'upgraded') {
    call.note('success', `${node.name} has receiver ${ours}`);
    const undo = undoLine(done);
    if (undo !== undefined) call.note('info', `To undo: ${undo}`);
    return;
  }
  if (done.result === 'unchanged') return;
  if (action === 'by-admin')
    call.note(
      'warn',
      `${node.name} keeps receiver ${from ?? '(unknown)'}: our key may run it and nothing else; an admin upgrades it with: ${line} --admin-identity ~/.ssh/id_ed25519`,
    );
  else call.note('error', `${node.name} is not upgraded (${cause}: ${evidence}); ${remedyOf(done, line)}`);
}

/** A failed look is mended as every failure of the way; a failed installation by somebody who may install. */
function remedyOf({ action, cause, node }: Upgraded, line: string): string {
  if (action === 'upgrade') return adminRemedy(cause, node, line);
  return cause in causes ? remedyFor(cause as CauseClass, node) : `syncctl doctor ${node.name}`;
}

async function print(call: Call, done: readonly Shown[], ours: string): Promise<void> {
  await call.print({
    value: {
      ...{ apiVersion, kind: 'ReceiverUpgrade', version: ours },
      nodes: done.map(({ node, from, action, result, cause, evidence }) => ({
        ...{ node: node.id, name: node.name, from: from ?? null, action, result },
        ...{ cause: cause === '' ? null : cause, evidence },
      })),
    },
    table: () =>
      printable(
        table(
          ['name', 'receiver', 'this release', 'plan', 'result', 'cause'],
          done.map(({ node, from, action, result, cause }) => [
            ...[node.name, from ?? 'none', ours, action, result ?? '', cause],
          ]),
        ),
      ),
  });
}
