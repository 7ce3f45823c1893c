import type { Given } from '../config/load.ts';
import type { Loaded, Settings } from '../config/settings.ts';
import type { Audited } from '../contract/audit.ts';
import type { ControllerApi } from '../contract/controller.ts';
import type { NodeLifecycle } from '../contract/lifecycle.ts';
import type { NodeTokened } from '../contract/node-tokens.ts';
import type { Steered } from '../contract/steering.ts';
import type { Noticed } from '../contract/notices.ts';
import type { Tokened } from '../contract/tokens.ts';
import type { Clock } from '../lib/clock.ts';
import type { Source } from '../registry/source.ts';
import type { Host } from './doctor/host.ts';
import type { DoctorPorts } from '../compose/doctor-ports.ts';
import type { EnrolPort } from './enrol-port.ts';

/** Where text goes: a stream of the process, or a test's memory. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly fd?: number;
}

/** Columns of a terminal; one of unknown size says none, or zero. */
export function widthOf({ columns }: TextSink, otherwise: number): number {
  return columns === undefined || columns === 0 ? otherwise : columns;
}

/** Which loops of the daemon run: the predecessor's `daemon`, `watch` and `reconcile`. */
export type DaemonMode = 'daemon' | 'watch' | 'reconcile';

/** All that an admin can ask of a controller. */
export type Controller = ControllerApi & NodeLifecycle & Steered & Tokened & NodeTokened & Audited & Noticed;

export interface DaemonRun {
  readonly mode: DaemonMode;
  /** Reads the settings again, for SIGHUP. */
  readonly reload: () => Promise<Settings>;
}

/** Everything a command takes from outside, so that tests drive commands in their own process. */
export interface CliContext {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly cwd: string;
  readonly version: string;
  readonly clock: Clock;
  /** Fires on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Asks a person one question; undefined where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** What comes on standard input, this many bytes at most; undefined where there is none. */
  readonly input?: (limit: number) => Promise<Buffer>;
  readonly loadSettings: (given: Given) => Promise<Loaded>;
  readonly openSource: (settings: Settings) => Promise<Source>;
  /** The daemon where it runs, else a controller of this process under the lock of the state directory. */
  readonly openController: (settings: Settings) => Promise<Controller>;
  /** Runs until a signal of the system comes, which it handles itself. @returns the exit code. */
  readonly runDaemon: (settings: Settings, options: DaemonRun) => Promise<number>;
  /** Runs a program of the system on this terminal until it ends. @returns its exit code. */
  readonly attach: (file: string, args: readonly string[], signal: AbortSignal) => Promise<number>;
  readonly openEnrol: (settings: Settings) => Promise<EnrolPort>;
  readonly openDoctor: (settings: Settings) => Promise<DoctorPorts>;
  /** How long completion may look for names while somebody holds the tab key; 300 ms where it is left out. */
  readonly completionMs?: number;
  /** The machine as doctor sees it; the real one where it is left out. */
  readonly host?: Host;
}
