import type { CauseClass } from '../model/cause.ts';
import type { HostKeyPin, NodeId } from '../model/node.ts';

/** How to reach one node: who, where, with what key, and which host keys it may show. */
export interface Endpoint {
  readonly id: NodeId;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Paths of private keys, tried in order; the agent comes last. */
  readonly identities: readonly string[];
  readonly agentSocket: string | undefined;
  readonly pins: readonly HostKeyPin[];
  /** Hosts to pass through, outermost first, resolved like the node itself; their own `jumps` are not read. */
  readonly jumps: readonly Endpoint[];
  /** Only the OpenSSH adapter honours it; it comes from the controller's own settings, never from a registry. */
  readonly proxyCommand: string | undefined;
  /** True where the node comes to us: nothing is dialled. */
  readonly pull?: true;
}

/** The two constant commands that may run on a node. Nothing else is ever executed. */
export type RemoteProgram = 'receive' | 'install';

export interface Exchange {
  readonly program: RemoteProgram;
  readonly stdin: Buffer;
  /** The whole exchange, from dial to exit, ends by then, in milliseconds. */
  readonly deadlineMs: number;
  /** Bytes of stdout kept at most; more is the failure `no_receipt`. */
  readonly maxOutputBytes: number;
  /**
   * Whether an answer is whole, and whether the program then waits for another request. Where it is given, a transport may
   * keep the program running and ask it again.
   */
  readonly whole?: (stdout: Buffer) => 'no' | 'stays' | 'ends';
  /** Over a connection of its own, whatever sessions are warm. */
  readonly fresh?: boolean;
  /** A person asks: keys that the host refused a while ago are tried again. */
  readonly insist?: boolean;
}

export interface ExchangeResult {
  /** `undefined` when the channel closed without an exit status: the outcome is unknown. */
  readonly exitCode: number | undefined;
  /** `SIGKILL` and the like, where the program was killed; then there is no exit code. */
  readonly signal: string | undefined;
  readonly stdout: Buffer;
  /** Talk; printable, at most 4 KB. */
  readonly stderr: string;
  readonly phases: Phases;
  /** The pinned host key that the node proved on this session (`ssh-ed25519 AAAA…`), where the adapter sees it. */
  readonly hostKey: string | undefined;
}

/** Milliseconds spent per phase; `dialMs` and `authMs` are 0 on a warm session. */
export interface Phases {
  readonly dialMs: number;
  /** Key exchange and authentication. */
  readonly authMs: number;
  readonly execMs: number;
}

export interface FailureDetail {
  /** True when payload bytes may have reached the node: only a read-back tells the outcome. */
  readonly started?: boolean;
  /** The unpinned key that was shown, for `hostkey_changed` and `hostkey_unpinned`. */
  readonly hostKey?: string | undefined;
}

/** A failure of the way itself: the class says which phase, `reached` whether the node's sshd answered at all. */
export class TransportFailure extends Error {
  readonly causeClass: CauseClass;
  readonly reached: boolean;
  readonly started: boolean;
  readonly hostKey: string | undefined;

  constructor(cause: CauseClass, evidence: string, reached: boolean, detail: FailureDetail = {}) {
    super(evidence);
    this.name = 'TransportFailure';
    this.causeClass = cause;
    this.reached = reached;
    this.started = detail.started ?? false;
    this.hostKey = detail.hostKey;
  }
}

/** An address whose host keys are asked for. */
export interface ScanTarget {
  readonly host: string;
  readonly port: number;
  /** As in Endpoint: how to get there. */
  readonly jumps?: readonly Endpoint[];
}

/** The way to a node. Implementations: `ssh2`, `openssh`, `local`; one contract suite runs against all. */
export interface Transport {
  /** Runs one constant program with bytes on stdin. Rejects with TransportFailure, or with the signal's reason. */
  exchange(endpoint: Endpoint, exchange: Exchange, signal: AbortSignal): Promise<ExchangeResult>;
  /** True where a warm session to the endpoint exists. */
  isWarm(endpoint: Endpoint): boolean;
  /** How many sessions live; absent where none are kept. */
  sessionCount?(): number;
  /** The host keys an address shows (`ssh-ed25519 AAAA…`), read without authentication; nothing is pinned. */
  scan(target: ScanTarget, deadlineMs: number): Promise<readonly string[]>;
  /** Closes every session; no socket or process survives it. */
  close(): Promise<void>;
}
