import { createHmac } from 'node:crypto';
import type { TargetSettings } from '../config/notify-schema.ts';
import type { Target } from './delivery.ts';
import { placeOf, postJson } from './post.ts';
import { readSecret } from './secret-file.ts';

type Settings = TargetSettings & { kind: 'webhook' };

/** Seconds since 1970 at which the message was signed: a receiver refuses old ones. */
export const timestampHeader = 'x-sync-controller-timestamp';
/** `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a dot and the body. */
export const signatureHeader = 'x-sync-controller-signature';

/** Posts the alert itself, with `lost`: how many earlier ones never came. */
export function webhookTarget(settings: Settings, now: () => number): Target {
  const { name, kind, url, secretFile, tokenFile, timeoutMs } = settings;
  return {
    name,
    kind,
    place: placeOf(url),
    timeoutMs,
    send: async ({ alert, lost }, signal) => {
      const key = secretFile === undefined ? undefined : await readSecret(secretFile);
      const token = tokenFile === undefined ? undefined : await readSecret(tokenFile);
      const body = JSON.stringify({ ...alert, lost });
      const headers = {
        ...(key === undefined ? {} : signed(body, key, Math.floor(now() / 1000))),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      await postJson({ url, body, headers, secrets: [key ?? '', token ?? ''], signal });
    },
  };
}

/** The two headers that prove who sent a body, and when. */
export function signed(body: string, key: string, seconds: number): Record<string, string> {
  const mac = createHmac('sha256', key)
    .update(`${String(seconds)}.${body}`)
    .digest('hex');
  return { [timestampHeader]: String(seconds), [signatureHeader]: `sha256=${mac}` };
}
