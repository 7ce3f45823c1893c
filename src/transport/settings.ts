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
};
