import { isEdge } from '../../model/node-types.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { SyncError } from '../../lib/errors.ts';
import { quoted } from '../../lib/text.ts';
import { removeDomainSteps, removeVpsSteps } from '../../registry/operations/domains.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (remove) => {
    remove
      .argument('[domain]', 'a registered domain')
      .option(
        '--vps <node>',
        'remove the record of this VPS instead; the node itself stays: syncctl node remove',
      );
    addChangeOptions(remove);
  },
  examples: ['syncctl domain remove curiios.com', 'syncctl domain remove --vps 100.68.225.92 --yes'],
  run: async (call) => {
    const word = call.word(0)?.toLowerCase();
    const given = call.text('vps');
    if ((word === undefined) === (given === undefined)) {
      throw wrongWord(
        {
          place: 'domain',
          expected: 'a domain or --vps, one of the two',
          remedy: 'syncctl help domain remove',
        },
        word,
      );
    }
    return change(call, (ground) => {
      const { domains, vpsRecords, routes } = ground.snapshot;
      const vps = given === undefined ? undefined : addressOf(given, ground.snapshot);
      const dangling =
        vps !== undefined && [...routes.values()].some((route) => route.vpsNodes.includes(vps));
      const known = word === undefined ? vpsRecords.has(vps ?? '') || dangling : domains.has(word);
      if (!known)
        throw new SyncError(
          'notFound',
          `domain: expected a registered ${word === undefined ? 'VPS record' : 'domain'}, got ${quoted(word ?? vps)}`,
          { remedy: 'list them with: syncctl domain list' },
        );
      const steps = word === undefined ? removeVpsSteps(vps ?? '', ground) : removeDomainSteps(word, ground);
      return { done: `${word ?? `VPS ${vps ?? ''}`} is removed, out of every route first`, steps, ask: true };
    });
  },
};

/** A VPS by its name or address; an address that nothing but a route knows is one, too. */
function addressOf(word: string, snapshot: Snapshot): string {
  const node = [...snapshot.nodes.values()].find((one) => isEdge(one) && one.name === word);
  return node?.address ?? word;
}
