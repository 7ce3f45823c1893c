import { exitCodes, SyncError } from '../../lib/errors.ts';
import { keysIn } from '../../enrol/key-files.ts';
import { printable } from '../../lib/text.ts';
import type { Node } from '../../model/node.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import type { Rotated } from '../enrol-port.ts';
import { listed } from '../output/progress.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { rowWords } from '../node-types.ts';
import { pickNode } from '../pick.ts';
import { needRegistries } from '../registries.ts';
import { adminOf, adminRemedy } from '../restricting.ts';
import { wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (rotate) => {
    rotate
      .argument('[node...]', 'names, addresses or ids of restricted nodes')
      .option('--all', 'every restricted node')
      .option(
        '--admin-user <login>',
        'who changes the key line, where the login of the node may not become root',
      )
      .option('--admin-identity <file>', 'private key of the one who changes the key line')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nOur own key runs the receiver and nothing else, so it cannot replace itself: an admin does.\nPer node: the new line is added and proved, the controller changes over, the old line goes and is proved to be refused.\nNodes that do not answer keep the old key; the same command again goes on where it stopped.\nExit codes: 0 every node asked for has the new key, 1 some have not.',
      );
  },
  examples: [
    'syncctl node rotate-key --all',
    'syncctl node rotate-key contabo-vps --admin-identity ~/.ssh/id_ed25519',
  ],
  run: async (call) => {
    const words = call.words(0);
    const admin = adminOf(call);
    checkWords(words, call.flag('all'));
    const { snapshot } = await needRegistries(call);
    const nodes = await wanted(call, words, snapshot);
    await call.confirm(`Change the key of ${listed(nodes.map(({ name }) => name))}?`);
    const enrol = await call.keep(call.context.openEnrol(await call.settings()));
    const rotation = await enrol.restriction.rotate(
      {
        ...{ nodes, registered: [...snapshot.nodes.values()], admin },
        onNode: (rotated) => {
          tell(call, rotated);
        },
      },
      call.context.signal,
    );
    const { behind, key } = rotation;
    const done = nodes.map((node) => rotation.nodes.find((one) => one.node.id === node.id));
    const report = done.filter((one) => one !== undefined);
    await call.print({
      value: {
        ...{ apiVersion, kind: 'KeyRotation', fingerprint: key.fingerprint },
        nodes: report.map(({ node, result, cause, evidence }) => ({
          ...{ node: node.id, name: node.name, result, cause: cause ?? null, evidence },
        })),
        behind: behind.map(({ name }) => name),
      },
      table: () => printable(table(['name', 'result', 'cause'], report.map(row))),
    });
    if (behind.length > 0)
      call.note(
        'warn',
        `${listed(behind.map(({ name }) => name))} keep an earlier key, which goes on working; give them the new one with: syncctl node rotate-key --all`,
      );
    return report.every(({ result }) => result !== 'failed') ? exitCodes.ok : exitCodes.failure;
  },
};

function checkWords(words: readonly string[], all: boolean): void {
  if (all === words.length > 0)
    throw wrongWord(
      {
        place: 'node',
        expected: 'names of nodes, or --all',
        remedy: 'such as syncctl node rotate-key --all',
      },
      all ? words.join(' ') : undefined,
    );
}

/** The nodes that are to have a new key: restricted ones, every other is refused before anything is done. */
async function wanted(call: Call, words: readonly string[], { nodes }: Snapshot): Promise<readonly Node[]> {
  const { stateDirectory } = (await call.settings()).daemon;
  const { restrictedNodes } = await import('../../enrol/restricted-nodes.ts');
  const known = restrictedNodes(stateDirectory);
  const picked = call.flag('all')
    ? [...nodes.values()].filter(({ id }) => known.has(id))
    : words.map((word) => pickNode(word, nodes));
  const free = picked.find(({ id }) => !known.has(id));
  if (free !== undefined)
    throw new SyncError(
      'data',
      `${free.name}: expected a restricted node, got one with the keys of the settings`,
      {
        remedy: `syncctl node add ${rowWords(free)} --restrict`,
      },
    );
  if (picked.length > 0 && (await keysIn(stateDirectory)).length > 0) return picked;
  throw new SyncError('notFound', 'nodes: expected at least one restricted node, got none', {
    remedy: 'restrict one with: syncctl node add <address> --type <type> --user <login> --restrict',
  });
}

function tell(call: Call, { node, result, cause, evidence }: Rotated): void {
  if (result === 'unchanged') call.note('info', `${node.name} has the newest key already`);
  else if (result === 'rotated')
    call.note('success', `${node.name} has the new key, and refuses the old one`);
  else
    call.note(
      'error',
      `${node.name} keeps its key (${cause ?? 'unknown'}: ${evidence}); ${adminRemedy(cause ?? '', node, `syncctl node rotate-key ${node.name}`)}`,
    );
}

function row({ node, result, cause }: Rotated): string[] {
  return [node.name, result, cause ?? ''];
}
