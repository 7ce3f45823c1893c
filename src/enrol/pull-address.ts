import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { messageOf, SyncError } from '../lib/errors.ts';

/** Where a node finds the listener, and what it must show. */
export interface PullAddress {
  readonly url: string;
  /** `sha256//…` of its public key; undefined where the node asks the authorities of its system. */
  readonly pin: string | undefined;
}

/**
 * How nodes reach the listener for them, as the settings say it.
 * @throws SyncError `config` where there is none, or nobody could say where it is.
 */
export function pullAddress({ listen, url, certificate, trust }: Settings['pull']): PullAddress {
  if (listen === 'off')
    throw new SyncError('config', 'pull.listen: expected an address for nodes that fetch, got off', {
      remedy: 'set pull.listen, pull.url, pull.certificate and pull.key, and restart the daemon',
    });
  if (url === undefined && /^(?:0\.0\.0\.0|\[::\]):/u.test(listen))
    throw new SyncError('config', `pull.url: expected how nodes reach ${listen} from outside, got nothing`, {
      remedy: 'set pull.url: https://<public name>:<port>',
    });
  return {
    url: url ?? `https://${listen}`,
    pin: trust === 'system' ? undefined : pinOf(certificate ?? ''),
  };
}

/** The public key of the certificate, as curl pins it. */
function pinOf(file: string): string {
  try {
    const key = new X509Certificate(readFileSync(file)).publicKey.export({ type: 'spki', format: 'der' });
    return `sha256//${createHash('sha256').update(key).digest('base64')}`;
  } catch (error) {
    throw new SyncError('config', `pull.certificate: expected a PEM certificate, got ${messageOf(error)}`, {
      remedy: 'correct pull.certificate',
    });
  }
}
