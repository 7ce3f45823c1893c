/** What only a node with its own namespaces can do; a verb that needs a missing one rejects and says so. */
export type Capability = 'own-root' | 'root-login' | 'sudo' | 'network-faults' | 'disk-faults' | 'power';

export const ALL_CAPABILITIES: readonly Capability[] = [
  'own-root',
  'root-login',
  'sudo',
  'network-faults',
  'disk-faults',
  'power',
];

/** What a test may choose about one node; everything has a default. */
export interface NodeSpec {
  /** Host name; default `node-<n>`. */
  readonly name?: string;
  /** Login user with passwordless sudo; default `node`. */
  readonly user?: string;
  /** Login shell of that user; default `/bin/bash`. */
  readonly shell?: string;
  /** Complete /etc/hosts; default the loopback lines and the node's own name. */
  readonly hosts?: string;
}

export type SshdOptions = Readonly<Record<string, string>>;

export interface FleetOptions {
  readonly nodes: number | readonly NodeSpec[];
  readonly sshdOptions?: SshdOptions;
  /** `auto` (default) takes namespaces where they are permitted, else sshd on loopback ports. */
  readonly mode?: FleetMode | 'auto';
  /** Where the nodes' writes go: `tmpfs` (default; fsync costs nothing) or `disk` (real fsync, for measuring). */
  readonly storage?: 'tmpfs' | 'disk';
}

export type FleetMode = 'namespaces' | 'loopback';

export interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default `root` (in loopback mode always the test's own user). */
  readonly user?: string;
  readonly stdin?: string | Uint8Array;
}

/** One machine as the controller sees it, with the verbs that break and mend it. */
export interface FleetNode {
  readonly name: string;
  readonly address: string;
  /** Absent in loopback mode. */
  readonly address6: string | undefined;
  readonly port: number;
  readonly user: string;
  /** Path on this host through which a test reads and writes the node's files; changes when the node restarts. */
  readonly rootDir: string;
  /** Public key lines, `type base64 comment`. */
  readonly hostKeys: readonly string[];
  /** Host process id of the node's process 1 (loopback: of the sshd listener). */
  readonly pid: number;
  readonly bootId: string;

  run(command: string, options?: RunOptions): Promise<CommandResult>;

  unplug(): Promise<void>;
  plug(): Promise<void>;
  blackhole(direction?: BlackholeDirection): Promise<void>;
  unblackhole(): Promise<void>;

  freeze(what?: FreezeScope): Promise<void>;
  thaw(): Promise<void>;
  stopSshd(options?: { readonly keepSessions?: boolean }): Promise<void>;
  startSshd(): Promise<void>;
  /** Sets one sshd option (undefined: back to the default) and restarts the listener; sessions live on. */
  setSshdOption(name: string, value: string | undefined): Promise<void>;
  /** Replaces all host keys and restarts the listener; answers the new public lines. */
  newHostKey(): Promise<readonly string[]>;
  removeAuthorizedKey(): Promise<void>;
  restoreAuthorizedKey(): Promise<void>;
  breakSudo(how: SudoFault): Promise<void>;
  restoreSudo(): Promise<void>;

  /** Puts the folder on a small file system that has `freeBytes` (default 0) left. */
  fillDisk(path: string, options?: { readonly freeBytes?: number }): Promise<void>;
  freeDisk(path: string): Promise<void>;
  remountReadOnly(path: string): Promise<void>;
  remountReadWrite(path: string): Promise<void>;
  /** Mounts the file on itself, as container runtimes do: a rename onto it answers EBUSY. */
  bindMountFile(path: string): Promise<void>;
  unbindFile(path: string): Promise<void>;

  /** Kills every process and takes the link away, as a pulled power cord does; the disk stays. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
  reboot(): Promise<void>;
}

/** `to-node`: the node hears nothing; `from-node`: nobody hears the node. */
export type BlackholeDirection = 'both' | 'to-node' | 'from-node';
/** `all`: every process but process 1; `sessions`: only what logins started, the listener goes on. */
export type FreezeScope = 'all' | 'sessions';
export type SudoFault = 'password' | 'requiretty' | 'missing';

export interface Fleet {
  readonly mode: FleetMode;
  readonly capabilities: readonly Capability[];
  readonly nodes: readonly FleetNode[];
  /** The n-th node, or a thrown error. */
  node(index: number): FleetNode;
  /** Private ed25519 key that the login user (and root, with `root-login`) accepts on every node. */
  readonly clientKey: string;
  /** A known_hosts file with every node's keys as they were at the start. */
  readonly knownHosts: string;
  /** The address from which the nodes see this host. */
  readonly controllerAddress: string;
  /** Removes everything: processes, mounts, namespaces, links, folders. Safe to call twice. */
  stop(): Promise<void>;
}
