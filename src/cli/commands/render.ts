import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { readDesired } from '../desired.ts';
import { tellHeld } from '../output/progress.ts';
import { apiVersion } from '../output/structured.ts';
import { pickNode } from '../pick.ts';

export const command: CommandModule = {
  configure: (render) => {
    render
      .argument('<node>', 'name, address or id')
      .addHelpText(
        'after',
        '\nFor a VPS: the whole routes file. For laptops and workers: the managed block of /etc/hosts.\nNo node is asked.',
      );
  },
  examples: ['syncctl render contabo-vps', 'syncctl --registry ./registry render vinay-laptop'],
  run: async (call) => {
    const desired = await readDesired(call);
    const node = pickNode(call.need(0), desired.snapshot.nodes);
    const plan = desired.plan.nodes.get(node.id);
    if (plan === undefined || plan.bundles.length === 0) {
      throw new SyncError(
        'data',
        `${node.name}: expected something to render, got nothing: ${plan?.reason ?? 'the row is not valid'}`,
        { remedy: 'syncctl validate' },
      );
    }
    if (!desired.hasClusterId)
      call.note('warn', 'the cluster id is minted by the first push: the line that names it is not final');
    tellHeld(
      call,
      desired.plan.held.map(({ hash, reason, names }) => ({ hash, reason, names: [...names] })),
    );
    await call.print({
      value: {
        apiVersion,
        kind: 'Rendering',
        node: node.id,
        name: node.name,
        targets: plan.bundles.map(({ kind, digest, names, bytes }) => ({
          target: kind,
          digest,
          names,
          bytes,
        })),
      },
      table: () => plan.bundles.map(({ bytes }) => bytes).join(''),
    });
    return exitCodes.ok;
  },
};
