import { evidenceOf } from '../lib/text.ts';
import type { CauseClass } from '../model/cause.ts';
import { fingerprintOf, readPins } from './host-keys.ts';
import { hopsOf } from './hops.ts';
import { hostKeyAlias } from './openssh-argv.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

/** What `ssh` says when a session cannot be opened; the first match decides. Changes of the node's identity come first. */
const sayings: readonly (readonly [RegExp, CauseClass, boolean])[] = [
  [
    /host identification has changed|host key verification failed|no \S+ host key is known/iu,
    'hostkey_changed',
    true,
  ],
  [
    /unprotected private key|bad permissions|incorrect passphrase|invalid format|error in libcrypto/iu,
    'key_unusable',
    true,
  ],
  [/permission denied \(|too many authentication failures|no such identity/iu, 'auth', true],
  [/could not resolve hostname|name or service not known|temporary failure in name/iu, 'dns', false],
  [/connect to .*connection refused/iu, 'refused', false],
  [/banner exchange.*timed out|timed out during banner/iu, 'timeout', false],
  [/connect to .*timed out|operation timed out/iu, 'timeout', false],
  [/no route to host|network is unreachable|host is down|cannot assign requested/iu, 'unreachable', false],
  [
    /no matching .* found|unable to negotiate|protocol (?:major )?version|invalid ssh identification|banner line contains/iu,
    'handshake',
    true,
  ],
  [/open failed|stdio forwarding failed/iu, 'unreachable', false],
  [/kex_exchange_identification|banner exchange|connect to .*connection reset/iu, 'throttled', true],
  [/timeout, server .* not responding|connection (?:closed|reset)|broken pipe/iu, 'connection_lost', true],
];

/** The failure of an `ssh` that ended before it was logged in. */
export function openFailure(stderr: string, endpoint: Endpoint): TransportFailure {
  const fallback = [undefined, 'connection_lost', false] as const;
  const [, cause, reached] = sayings.find(([pattern]) => pattern.test(stderr)) ?? fallback;
  if (cause === 'hostkey_changed') return hostKeyFailure(stderr, endpoint);
  const said = stderr.trim() === '' ? 'ssh ended without a word' : stderr;
  return new TransportFailure(cause, evidenceOf(said), reached);
}

/** Which of the hosts on the way showed a key that is not pinned, from the alias that ssh names. */
function hostKeyFailure(stderr: string, endpoint: Endpoint): TransportFailure {
  const hop = hopsOf(endpoint).find((one) => stderr.includes(`${hostKeyAlias(one)} `)) ?? endpoint;
  const pins = readPins(hop.pins);
  const known = pins.map((pin) => `${pin.type} ${fingerprintOf(pin.blob)}`).join(', ');
  const [, type, print] =
    /fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[^\s.]+)/u.exec(stderr) ?? [];
  const shown = type === undefined ? 'a key that is not pinned' : `${type} ${print ?? ''}`;
  const via = hop === endpoint ? '' : `jump ${hop.user}@${hop.host} port ${String(hop.port)}: `;
  const evidence = `${via}shows ${shown}, ${known === '' ? 'nothing is pinned' : `pinned: ${known}`}`;
  return new TransportFailure(
    pins.length === 0 ? 'hostkey_unpinned' : 'hostkey_changed',
    evidence,
    hop === endpoint,
  );
}

/** True where the command's own `ssh` could not reach the session: nothing of the payload has been sent. */
export function neverStarted(stderr: string): boolean {
  return /control socket connect|mux_client_(?:request_session|hello)|connection closed by unknown|proxycommand|connection closed by UNKNOWN port/iu.test(
    stderr,
  );
}

/** True where the host refused one more channel on a sound session. */
export function channelRefused(stderr: string): boolean {
  return /session open refused|session request failed: session open refused/iu.test(stderr);
}
