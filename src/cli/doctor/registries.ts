import { unpause } from '../../registry/source-remedies.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error } = findingsOf('registries');

/** The registries can be read, and nothing in them is set aside. */
export const registriesCheck: Check = {
  name: 'registries',
  perNode: false,
  run: (ground) => Promise.resolve(look(ground)),
};

function look({ registries, snapshot, settings }: DoctorGround): readonly DoctorFinding[] {
  const { source, state, reason, remedy } = registries;
  if (state !== 'fresh')
    return [error(source.location, `cannot be read: ${reason ?? ''}`, remedy ?? 'syncctl validate')];
  const errors = (snapshot?.findings ?? []).filter(({ severity }) => severity === 'error').length;
  const paused = (snapshot?.paused ?? []).map((object) =>
    warning(object, 'is paused by its annotation', unpause(object, settings.source)),
  );
  const sound =
    errors === 0
      ? ok(source.location, 'is readable and valid')
      : error(
          source.location,
          `holds ${errors === 1 ? 'an entry that is' : `${String(errors)} entries that are`} set aside`,
          'syncctl validate',
        );
  return [sound, ...paused];
}
