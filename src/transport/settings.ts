/** Every limit of the transports, in milliseconds unless named otherwise. */
export interface TransportSettings {
  /** From the first packet to an open TCP connection, name lookup included. */
  readonly dialMs: number;
  /** From the connection to a verified host and a finished login. */
  readonly readyMs: number;
  /** From asking for a channel to a started command. */
  readonly channelMs: number;
  /** The same on a session that was used before: a sound one answers in milliseconds, a dead one is replaced. */
  readonly warmChannelMs: number;
  /** How long stdin may make no progress. */
  readonly stallMs: number;
  /** How long an ended command's output may stay open, where a child of it still holds it. */
  readonly closeGraceMs: number;
  /** Between signs of life while a command runs; an idle session is left to the kernel's keepalive. */
  readonly keepaliveMs: number;
  /** Unanswered keepalives after which a session is dead. */
  readonly keepaliveCount: number;
  /** An unused session is closed after this. */
  readonly idleMs: number;
  /** How long a polite goodbye may take before the socket is destroyed. */
  readonly endGraceMs: number;
  /** One receiver stays on each session and takes one request after the other. */
  readonly resident: boolean;
  /** Commands at once on one session; sshd's own default limit is 10. */
  readonly maxChannels: number;
  /** New logins at one host at once; after them one per `loginRefillMs`. */
  readonly loginBurst: number;
  readonly loginRefillMs: number;
  /** How long a host is left alone that closed before its banner; twice as long each further time. */
  readonly throttleMs: number;
  /** How long keys that a host refused are not tried there again, unless they change; twice as long each further time. */
  readonly authRetryMs: number;
  /** Keys that one connection offers at most; a host counts each as a failed login. */
  readonly maxKeys: number;
  /** An older session is replaced by a new one while its work ends in peace. */
  readonly maxAgeMs: number;
}

/** What holds unless the settings file says otherwise. */
export const defaultTransportSettings: TransportSettings = {
  dialMs: 3_000,
  readyMs: 10_000,
  channelMs: 5_000,
  warmChannelMs: 1_500,
  stallMs: 10_000,
  closeGraceMs: 1_000,
  keepaliveMs: 5_000,
  keepaliveCount: 3,
  idleMs: 3_900_000,
  endGraceMs: 500,
  resident: false,
  maxChannels: 8,
  loginBurst: 10,
  loginRefillMs: 2_000,
  throttleMs: 2_000,
  authRetryMs: 300_000,
  maxKeys: 5,
  maxAgeMs: 43_200_000,
};
