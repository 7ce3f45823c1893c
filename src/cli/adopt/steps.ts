import { isoSeconds } from '../../lib/clock.ts';
import { SyncError } from '../../lib/errors.ts';
import { hasSystemd, ownUnit, unitState } from '../../enrol/setup/systemd.ts';
import { entryStep, settingsStep } from '../../enrol/takeover/machine-steps.ts';
import { nodeStep } from '../../enrol/takeover/node-steps.ts';
import { missingStep, pinsStep } from '../../enrol/takeover/registry-steps.ts';
import type { AdoptionStep } from '../../enrol/takeover/step.ts';
import { aliasStep, liveStep, ownUnitStep, predecessorUnitStep } from '../../enrol/takeover/unit-steps.ts';
import { predecessorUnit } from '../../enrol/takeover/predecessor.ts';
import type { KeptDeed } from '../../enrol/takeover/journal.ts';
import { listed } from '../output/progress.ts';
import { stampOf } from '../stamp.ts';
import type { AdoptionGround } from './ground.ts';

/** All steps of an adoption, in their order: the predecessor stops first, and we begin to write last. */
export function stepsOf(ground: AdoptionGround, kept: readonly KeptDeed[]): readonly AdoptionStep[] {
  const { call, predecessor, settingsFile, nodes, enrol } = ground;
  const { signal } = call.context;
  const systemd = hasSystemd();
  const unit = predecessor.unit ?? keptUnit(kept);
  const entries = predecessor.checkouts.flatMap((checkout) => checkout.entries);
  return [
    ...(systemd ? [ownUnitStep(signal)] : []),
    ...(systemd && unit !== undefined ? [predecessorUnitStep(unit, signal)] : []),
    ...entries.map((entry) => entryStep(entry)),
    ...registrySteps(ground, kept),
    ...nodes.map(({ node }) => nodeStep(node, enrol.takeover, signal)),
    ...(settingsFile === undefined ? [] : [settingsStep(settingsFile)]),
    ...(systemd ? [aliasStep(signal), liveStep(signal, isLive(signal))] : []),
  ];
}

function isLive(signal: AbortSignal): () => Promise<boolean> {
  return async () => (await unitState(ownUnit, signal))?.active === true;
}

/** A unit whose file has made room already is known by the journal alone. */
function keptUnit(kept: readonly KeptDeed[]): AdoptionGround['predecessor']['unit'] {
  const before = kept.find(({ id }) => id === 'predecessor-unit')?.before;
  const file = (before as { file?: unknown } | undefined)?.file;
  return typeof file === 'string' ? { file, active: false, enabled: false } : undefined;
}

function registrySteps(ground: AdoptionGround, kept: readonly KeptDeed[]): readonly AdoptionStep[] {
  const { call, source, firstTexts, domainSteps, nodes } = ground;
  const { kind, location } = source.health();
  const objects = [...new Set(firstTexts.map(({ object }) => object))].join(' ');
  const undo =
    kind === 'directory'
      ? `remove ${objects} from ${location}`
      : `kubectl -n ${ground.settings.source.namespace} delete configmap ${objects}`;
  const pins = nodes
    .filter(({ newKeys }) => newKeys.length > 0)
    .map(({ node, pins: keys }) => ({ type: node.type, address: node.address, name: node.name, keys }));
  const created = kept.find(({ id, state }) => id === 'registries' && state !== 'undone');
  const isKept = kept.some(({ id, state }) => id === 'pins' && state !== 'undone');
  const textOf = async (
    object: Parameters<typeof source.edit>[0],
    key: string,
  ): Promise<string | undefined> => {
    const reading = await source.read(call.context.signal);
    if (reading.kind !== 'read')
      throw new SyncError('unavailable', reading.reason, { remedy: reading.remedy });
    return reading.objects.get(object)?.data[key];
  };
  return [
    ...(firstTexts.length === 0 && created === undefined
      ? []
      : [missingStep(source, firstTexts, created?.undo ?? undo)]),
    ...(pins.length === 0 && domainSteps.length === 0 && !isKept
      ? []
      : [
          pinsStep(source, {
            pins,
            extra: domainSteps,
            names: listed(pins.map(({ name }) => name)),
            stamp: stampOf(call, isoSeconds(call.context.clock.now())),
            textOf,
          }),
        ]),
  ];
}

/** Why an adoption cannot begin, each with what mends it. */
export async function mustBeAdoptable(ground: AdoptionGround): Promise<void> {
  const { call, settings, settingsFile, predecessor } = ground;
  const { uid, signal } = call.context;
  if (settingsFile === undefined)
    throw new SyncError('config', 'adopt: expected a settings file, got none', {
      remedy: 'sudo syncctl init --takeover',
    });
  const [stray] = predecessor.strays;
  if (stray !== undefined)
    throw new SyncError(
      'conflict',
      `adopt: expected no daemon of the predecessor beside ${predecessorUnit}, got pid ${String(stray.pid)} (${stray.command})`,
      { remedy: `sudo kill ${String(stray.pid)}` },
    );
  if (hasSystemd()) {
    if (uid !== 0)
      throw new SyncError(
        'permission',
        'adopt: expected root, because units and scripts are replaced, got another user',
        {
          remedy: 'sudo syncctl adopt',
        },
      );
    if ((await unitState(ownUnit, signal))?.load !== 'loaded')
      throw new SyncError('conflict', `adopt: expected ${ownUnit} to be installed, got none`, {
        remedy: 'sudo syncctl init --takeover',
      });
  }
  await noForeignDaemon(settings.daemon.socket, signal);
}

/** A daemon that systemd does not know would go on with the settings of before. */
async function noForeignDaemon(socket: string, signal: AbortSignal): Promise<void> {
  if ((await unitState(ownUnit, signal))?.active === true) return;
  const { connectDaemon } = await import('../../contract/client.ts');
  const daemon = await connectDaemon(socket).catch(() => undefined);
  if (daemon === undefined) return;
  const { pid } = await daemon.status();
  await daemon.close();
  throw new SyncError(
    'conflict',
    `adopt: expected a daemon that systemd runs, or none, got pid ${String(pid)}`,
    {
      remedy: `stop it first: sudo kill ${String(pid)}`,
    },
  );
}
