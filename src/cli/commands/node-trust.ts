import { mustBeDialled } from '../joining.ts';
import { exitCodes } from '../../lib/errors.ts';
import { isoSeconds } from '../../lib/clock.ts';
import { selectNodes } from '../../reconcile/selection.ts';
import { pinSteps } from '../../registry/operations/nodes.ts';
import { undoOf } from '../undo.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { listed } from '../output/progress.ts';
import { apiVersion } from '../output/structured.ts';
import { needRegistries } from '../registries.ts';
import { stampOf } from '../stamp.ts';
import {
  fingerprintsOf,
  fingerprintTable,
  isChanged,
  lookForKeys,
  originOf,
  pinsAfter,
  vouched,
  type Trusting,
} from '../trust.ts';
import { repeated, wrongWord } from '../words.ts';
import { writeSteps } from '../write.ts';

export const command: CommandModule = {
  configure: (trust) => {
    trust
      .argument('[nodes...]', 'names, addresses or ids')
      .option('--all', 'every registered node')
      .option('--from <origin>', 'known_hosts (what you have seen before) or scan (what the node shows now)')
      .option('--fingerprint <SHA256:…>', 'trust the key with this fingerprint alone (repeatable)', repeated)
      .option('--replace', 'take the keys of a node that shows others than the pinned ones')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nShows every fingerprint and asks once. Compare them on the node:\n  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\nExit codes: 0 every node is pinned, 1 at least one is not.',
      );
  },
  examples: [
    'syncctl node trust --all --from known_hosts',
    'syncctl node trust contabo-vps --from scan',
    'syncctl node trust contabo-vps --from scan --replace --yes',
  ],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const words = call.words(0);
    if ((words.length === 0) === !call.flag('all'))
      throw wrongWord(
        {
          place: 'nodes',
          expected: 'node names or --all, one of the two',
          remedy: 'syncctl help node trust',
        },
        words.join(' ') || undefined,
      );
    const from = originOf(call.text('from')) ?? 'known_hosts';
    const fingerprints = fingerprintsOf(call.texts('fingerprint'));
    const meant = selectNodes(words, snapshot.nodes).flatMap((id) => snapshot.nodes.get(id) ?? []);
    if (words.length > 0) for (const node of meant) mustBeDialled(node, 'node trust');
    const nodes = meant.filter(({ pull }) => pull !== true);
    const enrol = await call.keep(call.context.openEnrol(await call.settings()));
    const looked = (await lookForKeys(call, enrol, nodes, from)).map((trusting) =>
      vouched(trusting, fingerprints),
    );
    return pin(call, looked);
  },
};

async function pin(call: Call, looked: readonly Trusting[]): Promise<number> {
  const refused = looked.filter(
    (trusting) => trusting.failure !== undefined || (isChanged(trusting) && !call.flag('replace')),
  );
  const agreed = looked.filter((trusting) => !refused.includes(trusting));
  const fresh = agreed.filter(({ node, found }) =>
    found.some(({ key }) => !node.hostKeys.some((known) => known.key === key)),
  );
  if (looked.some(({ found }) => found.length > 0)) call.context.stderr.write(fingerprintTable(looked));
  if (fresh.length > 0) {
    await call.confirm(`Trust these keys of ${listed(fresh.map(({ node }) => node.name))}?`);
    const pins = fresh.map((trusting) => ({
      type: trusting.node.type,
      address: trusting.node.address,
      keys: pinsAfter(call, trusting, call.flag('replace')),
    }));
    const steps = pinSteps(pins, stampOf(call, isoSeconds(call.context.clock.now())));
    const before = await needRegistries(call);
    const written = await writeSteps(call, steps);
    const undo = written ? await undoOf(call, before, steps) : undefined;
    if (undo !== undefined) call.note('info', `To undo: ${undo}`);
  }
  for (const trusting of refused) call.note('error', whyNot(trusting));
  const result = (trusting: Trusting): string =>
    refused.includes(trusting) ? 'refused' : fresh.includes(trusting) ? 'pinned' : 'unchanged';
  await call.print({
    value: {
      apiVersion,
      kind: 'TrustReport',
      nodes: looked.map((trusting) => ({
        name: trusting.node.name,
        address: trusting.node.address,
        result: result(trusting),
        failure: trusting.failure ?? null,
        keys: trusting.found,
      })),
    },
    table: () => looked.map((trusting) => `${trusting.node.name}: ${result(trusting)}\n`).join(''),
  });
  return refused.length === 0 ? exitCodes.ok : exitCodes.failure;
}

function whyNot({ node, failure }: Trusting): string {
  if (failure !== undefined) return `${node.name}: ${failure}; nothing is pinned for it`;
  return `${node.name}: shows another key than the pinned one; where the machine was set up anew: syncctl node trust ${node.name} --from scan --replace`;
}
