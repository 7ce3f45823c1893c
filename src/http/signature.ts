import { createHmac, timingSafeEqual } from 'node:crypto';

/** As GitHub, Gitea and Forgejo send it: `sha256=` and the HMAC-SHA256 of the body, in hex. */
export const signatureHeader = 'x-hub-signature-256';
/** Seconds since 1970; where it is sent, the signature covers it, a dot and the body. */
export const timestampHeader = 'x-signature-timestamp';

/** A call that is older or newer than this by its own timestamp was kept by somebody. */
const skewSeconds = 300;

/** A call as it came. */
export interface SignedCall {
  readonly body: Uint8Array;
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
}

/** How a call is judged. */
export interface Judging {
  readonly secret: string;
  readonly nowMs: number;
  /** A signature without a timestamp does not do. */
  readonly timestamped: boolean;
}

/** Why a call does not count, as the middle of a sentence; undefined where it does. */
export function wrongIn(call: SignedCall, { secret, nowMs, timestamped }: Judging): string | undefined {
  const { body, signature, timestamp } = call;
  if (signature === undefined) return 'none';
  const [, given] = /^sha256=([0-9a-f]{64})$/iu.exec(signature) ?? [];
  if (given === undefined) return 'one of another form';
  if (timestamp === undefined && timestamped) return `one without ${timestampHeader}`;
  if (timestamp !== undefined && !/^\d{1,12}$/u.test(timestamp)) return `${timestampHeader} of another form`;
  const mac = createHmac('sha256', secret);
  if (timestamp !== undefined) mac.update(`${timestamp}.`);
  const wanted = mac.update(body).digest();
  if (!timingSafeEqual(wanted, Buffer.from(given, 'hex'))) return 'one that is wrong';
  // Only what is proved to come from the caller is worth a second look.
  return timestamp !== undefined && Math.abs(nowMs / 1000 - Number(timestamp)) > skewSeconds
    ? `one more than ${String(skewSeconds)} s away from now`
    : undefined;
}
