import type { Settings } from '../../config/settings.ts';
import { byWay } from './check.ts';
import { openDoctor } from '../../compose/doctor.ts';
import type { Doctor } from '../../contract/doctor.ts';
import type { ControllerStatus } from '../../contract/report.ts';
import type { Clock } from '../../lib/clock.ts';
import type { RegistryState } from '../../registry/registry.ts';
import type { SourceHealth } from '../../registry/source.ts';
import { pickNode } from '../pick.ts';
import type { Registries } from '../registries.ts';
import { thisHost } from './host.ts';
import { checks, examine } from './index.ts';
import { doctorReport } from './report.ts';

interface Daemon {
  readonly settings: Settings;
  readonly registry: () => RegistryState;
  readonly source: () => SourceHealth;
  readonly status: () => Promise<ControllerStatus>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** `doctor` as the daemon itself runs it, for whoever asks over the API. */
export function doctorOf({ settings, registry, source, status, clock, signal }: Daemon): Doctor {
  return async (word) => {
    const registries = registriesOf(registry(), source());
    const all = registries.snapshot?.nodes ?? new Map();
    const nodes = word === undefined ? [...all.values()] : [pickNode(word, all)];
    const ports = await openDoctor(settings);
    try {
      const findings = await examine(
        checks.filter(({ perNode }) => word === undefined || perNode),
        {
          ...{ settings, registries, snapshot: registries.snapshot, ports, clock, signal },
          ...byWay(nodes),
          ...{ daemon: await status(), daemonFailure: undefined },
          ...{ host: thisHost, uid: process.getuid?.() ?? 0 },
        },
      );
      return doctorReport(findings);
    } finally {
      await ports.close();
    }
  };
}

function registriesOf(state: RegistryState, source: SourceHealth): Registries {
  const { snapshot, objects, sourceState, reason, remedy } = state;
  return { snapshot, objects: objects ?? new Map(), state: sourceState, reason, remedy, source };
}
