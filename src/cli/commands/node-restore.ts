import { isEdge } from '../../model/node-types.ts';
import { exitCodes } from '../../lib/errors.ts';
import { isMeant } from '../../reconcile/selection.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { readRegistries } from '../registries.ts';

export const command: CommandModule = {
  configure: (restore) => {
    restore
      .argument('<node>', 'name, address or id of an orphaned node, or of one whose removal is pending')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nBrings back the row alone. What else the removal of a VPS took, its record for public DNS and its routes, is named.',
      );
  },
  examples: ['syncctl node restore contabo-vps'],
  run: async (call) => {
    const node = call.need(0);
    await (await call.controller()).restoreNode(node, call.actor(call.text('reason')));
    call.note('success', `The row of ${node} is back`);
    call.note('info', `To undo: syncctl node remove ${node}`);
    await tellMissing(call, node);
    return exitCodes.ok;
  },
};

/** A row alone serves nothing on a cluster with several domains: what is missing around it must not go unnoticed. */
async function tellMissing(call: Call, word: string): Promise<void> {
  const { snapshot } = await readRegistries(call);
  const vps = [...(snapshot?.nodes.values() ?? [])].find((node) => isEdge(node) && isMeant(node, word));
  if (snapshot === undefined || vps === undefined) return;
  const { name, address } = vps;
  if (!snapshot.vpsRecords.has(address))
    call.note(
      'warn',
      `${name} has no record for public DNS: syncctl domain add --vps ${address} --public-ip <its public address>`,
    );
  if (!snapshot.multiDomain) return;
  if (![...snapshot.routes.values()].some(({ vpsNodes }) => vpsNodes.includes(address)))
    call.note(
      'warn',
      `no route names ${name}, so it serves nothing: syncctl domain route <service> --vps <all of its VPS nodes>`,
    );
  const nowhere = [...snapshot.routes.values()].filter(({ vpsNodes }) => vpsNodes.length === 0);
  for (const { service, domains } of nowhere)
    call.note(
      'warn',
      `${service} is served nowhere: syncctl domain route ${[service, ...domains].join(' ')} --vps ${address}`,
    );
}
