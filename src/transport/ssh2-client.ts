import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Client as Ssh2Client, ConnectConfig } from 'ssh2';
import { lateFailure } from './deadline.ts';
import { FewKeysAgent, offerOf } from './few-keys.ts';
import { holdGreeting } from './greeting.ts';
import { describeMismatch, isPinned, keyLine, readPins } from './host-keys.ts';
import type { Identities } from './identities.ts';
import type { TransportSettings } from './settings.ts';
import { offeredTo, shedKeyExchange, unpooled } from './ssh2-offer.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

const { Client } = ssh2;

/** A logged-in client on a verified host. */
export interface OpenClient {
  readonly client: Ssh2Client;
  /** The pinned key the host proved. */
  readonly hostKey: Buffer;
}

/** What happened so far on the way to a login; the failure is classified from it. */
interface Progress {
  phase: 'handshake' | 'auth';
  shown: Buffer | undefined;
  denied: boolean;
  error: (Error & { level?: string }) | undefined;
}

export interface LoginOptions {
  readonly endpoint: Endpoint;
  readonly identities: Identities;
  readonly settings: TransportSettings;
  /** Told when the keys are agreed and the login begins. */
  readonly onHandshake: () => void;
}

/**
 * Verifies the host and logs in on an open stream, which is destroyed on any failure.
 * @throws TransportFailure; no byte of a payload has been sent then.
 */
export function login(stream: Duplex, options: LoginOptions): Promise<OpenClient> {
  const { settings } = options;
  const { promise, resolve, reject } = Promise.withResolvers<OpenClient>();
  const client = new Client();
  const progress: Progress = { phase: 'handshake', shown: undefined, denied: false, error: undefined };
  if (stream.destroyed)
    return Promise.reject(new TransportFailure('throttled', 'closed before the SSH banner', true));
  const timer = setTimeout(() => {
    reject(lateFailure(progress.phase, settings.readyMs, false));
    stream.destroy();
  }, settings.readyMs);
  holdGreeting(stream, (evidence) => {
    progress.error = Object.assign(new Error(evidence), { level: 'handshake' });
    stream.destroy();
  });
  client.on('handshake', () => {
    progress.phase = 'auth';
    options.onHandshake();
  });
  // ssh2 may go on after an error (a dead agent) or stop for good without closing; the stream's close is what settles.
  client.on('error', (error) => {
    // What follows a fatal error ("connection lost before handshake") is only its echo.
    if (progress.error === undefined || goesOn(progress.error)) progress.error = error;
    if (!goesOn(error)) stream.destroy();
  });
  client.on('close', () => {
    clearTimeout(timer);
    reject(failureOf(progress, options));
  });
  const algorithms = offeredTo(options.endpoint);
  client.on('ready', () => {
    clearTimeout(timer);
    shedKeyExchange(client, algorithms);
    resolve({ client, hostKey: progress.shown ?? Buffer.alloc(0) });
  });
  try {
    client.connect({ ...configFor(stream, options, progress), algorithms });
  } catch (error) {
    clearTimeout(timer);
    stream.destroy();
    reject(new TransportFailure('internal', error instanceof Error ? error.message : String(error), false));
  }
  return promise;
}

function configFor(stream: Duplex, options: LoginOptions, progress: Progress): ConnectConfig {
  const { endpoint, identities } = options;
  const username = endpoint.user;
  const offer = offerOf(identities, options.settings.maxKeys);
  const keys = offer.files.map(({ key }) => ({ type: 'publickey' as const, username, key }));
  const socket = offer.ofAgent === 0 ? undefined : endpoint.agentSocket;
  const agents =
    socket === undefined
      ? []
      : [{ type: 'agent' as const, username, agent: new FewKeysAgent(socket, offer.ofAgent) }];
  return {
    sock: stream,
    username,
    authHandler: [...keys, ...agents],
    readyTimeout: 0,
    keepaliveInterval: 0,
    hostVerifier: verifierFor(endpoint.pins, progress),
  };
}

/** The callback form is the only safe one: a Promise returned from a verifier counts as "accepted". */
function verifierFor(
  pins: Endpoint['pins'],
  progress: Progress,
): (key: Buffer, verify: (ok: boolean) => void) => void {
  return (key, verify) => {
    progress.shown = unpooled(key);
    progress.denied = !isPinned(key, readPins(pins));
    verify(!progress.denied);
  };
}

function goesOn(error: Error & { level?: string }): boolean {
  return error.level === 'agent' || error.message.startsWith('Error signing');
}

function failureOf(progress: Progress, options: LoginOptions): TransportFailure {
  const { endpoint } = options;
  const { error, shown, denied } = progress;
  const text = error?.message ?? 'connection closed';
  if (denied && shown !== undefined) {
    const pins = readPins(endpoint.pins);
    const cause = pins.length === 0 ? 'hostkey_unpinned' : 'hostkey_changed';
    return new TransportFailure(cause, describeMismatch(shown, pins), true, { hostKey: keyLine(shown) });
  }
  if (progress.phase === 'auth') return authFailure(text, error, options);
  if (error?.level === 'handshake' || /identification|version/iu.test(text))
    return new TransportFailure('handshake', text, true);
  if (text.includes('before handshake'))
    return new TransportFailure('throttled', 'closed before the SSH banner', true);
  if (error?.level === 'client-socket' && shown === undefined)
    return new TransportFailure('throttled', text, true);
  return new TransportFailure('connection_lost', text, true);
}

function authFailure(text: string, error: Progress['error'], options: LoginOptions): TransportFailure {
  const { identities, settings } = options;
  const refused = error?.level === 'client-authentication' || /authentication failures/iu.test(text);
  if (!refused) return new TransportFailure('connection_lost', `during the login: ${text}`, true);
  const [problem] = identities.problems;
  if (problem !== undefined) return new TransportFailure('key_unusable', problem, true);
  const offer = offerOf(identities, settings.maxKeys);
  const tried = offer.files.map(({ path }) => path).join(', ');
  const more = offer.left === 0 ? '' : `; ${String(offer.left)} more were not offered (ssh.maxKeys)`;
  const evidence = `publickey refused, tried ${tried === '' ? 'the agent' : tried}${more}`;
  return new TransportFailure('auth', evidence, true);
}
