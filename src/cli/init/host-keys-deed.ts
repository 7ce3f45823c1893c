import { isoSeconds } from '../../lib/clock.ts';
import type { Node } from '../../model/node.ts';
import { carryOut } from '../../registry/operations/step.ts';
import { pinSteps } from '../../registry/operations/nodes.ts';
import { parserFor } from '../../registry/parse-for.ts';
import { pinsWith } from '../../enrol/trust.ts';
import type { Call } from '../call.ts';
import { listed } from '../output/progress.ts';
import { stampOf } from '../stamp.ts';
import type { Deed, Kept } from './deed.ts';
import type { InitGround } from './deeds.ts';

/** Host keys of registered nodes that this machine's known_hosts files hold: seen by the admin before, so worth a pin. */
export async function hostKeysDeed(ground: InitGround): Promise<readonly (Deed | Kept)[]> {
  const { call, found, takeover } = ground;
  if (takeover || found.missing.includes('sync-controller-registry')) return [];
  const source = await call.keep(call.context.openSource(found.settings));
  const reading = await source.read(call.context.signal);
  if (reading.kind !== 'read') return [];
  const snapshot = parserFor(found.settings.source)(reading.objects, undefined);
  const unpinned = [...snapshot.nodes.values()].filter(({ hostKeys }) => hostKeys.length === 0);
  if (unpinned.length === 0) return [];
  const pins = await knownPins(call, found.settings, unpinned);
  if (pins.length === 0)
    return [
      { name: 'host-keys', kept: `no known_hosts file knows ${listed(unpinned.map(({ name }) => name))}` },
    ];
  const names = pins.map(({ name }) => name);
  return [
    {
      name: 'host-keys',
      what: `pin the host keys that known_hosts has of ${listed(names)}`,
      undo: 'syncctl rollback, to the revision of before (syncctl history)',
      run: async () => {
        const stamp = stampOf(call, isoSeconds(call.context.clock.now()));
        await carryOut(source, pinSteps(pins, stamp));
      },
    },
  ];
}

async function knownPins(call: Call, settings: InitGround['found']['settings'], nodes: readonly Node[]) {
  const enrol = await call.keep(call.context.openEnrol(settings));
  const found = await Promise.all(
    nodes.map(async (node) => {
      const { keys } = await enrol.keysOf(node, 'known_hosts', call.context.signal);
      // Keys that the predecessor took unseen are for the adoption, which shows them.
      const seen = keys.filter(({ source }) => source === 'known_hosts');
      const { type, address, name } = node;
      return { type, address, name, keys: pinsWith([], seen, { clock: call.context.clock }) };
    }),
  );
  return found.filter(({ keys }) => keys.length > 0);
}
