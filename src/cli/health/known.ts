import type { ControllerStatus } from '../../contract/report.ts';
import type { NodeStatus } from '../../model/status.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import { readRegistries } from '../registries.ts';
import type { Known } from './report.ts';

/** Gathers what `health` tells; it takes no lock, begins nothing and asks no node. */
export async function known(call: Call): Promise<Known> {
  const registries = await readRegistries(call);
  const controller = await daemonStatus(call);
  const remembered =
    controller === undefined ? await rememberedStatuses(call) : new Map<string, NodeStatus>();
  const holds =
    controller === undefined
      ? await (
          await import('./holds-left.ts')
        ).holdsLeft(await call.settings(), registries.snapshot?.nodes ?? new Map(), call.context.clock)
      : {
          holds: controller.holds ?? [],
          windows: controller.windows ?? [],
          rollout: controller.rollout ?? null,
          drift: controller.drift ?? [],
        };
  const { restrictionsOf } = await import('../restrictions.ts');
  const restrictions = await restrictionsOf(await call.settings());
  const { observeOnly } = await call.settings();
  return { registries, controller, remembered, holds, restrictions, observeOnly };
}

async function daemonStatus(call: Call): Promise<ControllerStatus | undefined> {
  const { connectDaemon } = await import('../../contract/client.ts');
  const settings = await call.settings();
  try {
    const daemon = await connectDaemon(settings.daemon.socket);
    if (daemon === undefined) return undefined;
    const status = await (await call.keep(Promise.resolve(daemon))).status();
    const { kind, location } = (await call.home()).health();
    return status.source.kind === kind && status.source.location === location ? status : undefined;
  } catch (error) {
    // The registries can be read without the daemon; that it is ill must be said all the same.
    call.note('error', messageOf(error));
    return undefined;
  }
}

/** The status objects that an earlier run wrote: hints, never proof. */
async function rememberedStatuses(call: Call): Promise<ReadonlyMap<string, NodeStatus>> {
  const { hintFromEntry } = await import('../../status/hint.ts');
  const [settings, source] = [await call.settings(), await call.home()];
  const statuses = new Map<string, NodeStatus>();
  for (let shard = 0; ; shard += 1) {
    const object = await source.own
      .read(`${settings.source.ownPrefix}-status-${String(shard)}`)
      .catch(() => undefined);
    if (object === undefined) return statuses;
    for (const entry of Object.values(object.data)) {
      const status = hintFromEntry(entry);
      if (status !== undefined) statuses.set(status.id, status);
    }
  }
}
