import { within } from '../../lib/abort.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Check, DoctorGround } from './check.ts';
import { daemonCheck } from './daemon.ts';
import { dnsCheck } from './dns.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { keyCheck } from './key.ts';
import { kubernetesCheck } from './kubernetes.ts';
import { loginCheck } from './login.ts';
import { pullCheck } from './pull.ts';
import { nodeWritersCheck } from './node-writers.ts';
import { registriesCheck } from './registries.ts';
import { restrictionCheck } from './restriction.ts';
import { resolverCheck } from './resolver.ts';
import { unitCheck } from './unit.ts';
import { wayCheck } from './way.ts';
import { writersCheck } from './writers.ts';

/** Every check, in the order in which a person reads the findings: from this machine outwards. */
export const checks: readonly Check[] = [
  unitCheck,
  daemonCheck,
  kubernetesCheck,
  registriesCheck,
  keyCheck,
  resolverCheck,
  writersCheck,
  wayCheck,
  loginCheck,
  nodeWritersCheck,
  restrictionCheck,
  pullCheck,
  dnsCheck,
];

const deadlineMs = 20_000;

/** Runs checks side by side, each under a deadline: one that hangs or breaks tells so and delays nobody. */
export async function examine(
  wanted: readonly Check[],
  ground: DoctorGround,
  limitMs = deadlineMs,
): Promise<readonly DoctorFinding[]> {
  const all = await Promise.all(
    wanted.map(async (check) => {
      try {
        return await within(limitMs, ground.signal, (signal) => check.run({ ...ground, signal }));
      } catch (failure) {
        ground.signal.throwIfAborted();
        return [
          findingsOf(check.name).error(
            check.name,
            `could not be looked at: ${messageOf(failure)}`,
            'syncctl doctor --debug',
          ),
        ];
      }
    }),
  );
  return all.flat();
}
