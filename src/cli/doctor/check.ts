import type { Settings } from '../../config/settings.ts';
import type { Node } from '../../model/node.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { ControllerStatus } from '../../contract/report.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Registries } from '../registries.ts';
import type { DoctorFinding } from './finding.ts';
import type { Host } from './host.ts';
import type { DoctorPorts } from '../../compose/doctor-ports.ts';

/** Everything a check may look at. */
export interface DoctorGround {
  readonly settings: Settings;
  readonly registries: Registries;
  readonly snapshot: Snapshot | undefined;
  /** The nodes to look at: all, or the named one; those that are reached from here. */
  readonly nodes: readonly Node[];
  /** Those that fetch their configuration themselves. */
  readonly pulling: readonly Node[];
  /** Undefined where no daemon answers; `daemonFailure` says why where its socket is there. */
  readonly daemon: ControllerStatus | undefined;
  readonly daemonFailure: string | undefined;
  readonly ports: DoctorPorts;
  readonly host: Host;
  readonly clock: Clock;
  readonly uid: number;
  readonly signal: AbortSignal;
}

/** One thing to look at. It never rejects for what it finds; a rejection is a fault of the check itself. */
export interface Check {
  readonly name: string;
  /** True for what concerns the named node, false for what concerns this machine and the cluster. */
  readonly perNode: boolean;
  run(ground: DoctorGround): Promise<readonly DoctorFinding[]>;
}

/** The nodes that are looked at from here, and those that come themselves. */
export function byWay(nodes: readonly Node[]): Pick<DoctorGround, 'nodes' | 'pulling'> {
  return {
    nodes: nodes.filter(({ pull }) => pull !== true),
    pulling: nodes.filter(({ pull }) => pull === true),
  };
}
