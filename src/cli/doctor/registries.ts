import type { Snapshot } from '../../model/snapshot.ts';
import type { Registries } from '../registries.ts';
import type { Check } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error } = findingsOf('registries');

/** The registries can be read, and nothing in them is set aside. */
export const registriesCheck: Check = {
  name: 'registries',
  perNode: false,
  run: ({ registries, snapshot }) => Promise.resolve(look(registries, snapshot)),
};

function look(registries: Registries, snapshot: Snapshot | undefined): readonly DoctorFinding[] {
  const { source, state, reason, remedy } = registries;
  if (state !== 'fresh')
    return [error(source.location, `cannot be read: ${reason ?? ''}`, remedy ?? 'syncctl validate')];
  const errors = (snapshot?.findings ?? []).filter(({ severity }) => severity === 'error').length;
  const paused = (snapshot?.paused ?? []).map((object) =>
    warning(
      object,
      'is paused by its annotation',
      `kubectl -n kube-system annotate configmap ${object} sync-controller/paused-`,
    ),
  );
  const sound =
    errors === 0
      ? ok(source.location, 'is readable and valid')
      : error(source.location, `holds ${String(errors)} entries that are set aside`, 'syncctl validate');
  return [sound, ...paused];
}
