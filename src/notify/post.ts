import { messageOf } from '../lib/errors.ts';
import { maskText } from '../lib/mask.ts';
import { evidenceOf } from '../lib/text.ts';
import { Refused } from './delivery.ts';

const answerBytes = 2_048;
const longestWaitMs = 3_600_000;

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What must not appear in an error, whatever the target answers. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Posts JSON. A redirect is refused: it would carry the message, and perhaps a token, to a place that nobody has named.
 * @throws Refused where the target answers another code than 2xx, Error where it does not answer.
 */
export async function postJson({ url, body, headers, secrets, signal }: Post): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'user-agent': 'sync-controller', ...headers },
      redirect: 'error',
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(without(secrets, reasonOf(error)));
  }
  if (response.ok) {
    await response.body?.cancel().catch(() => undefined);
    return;
  }
  const said = without(secrets, await beginningOf(response));
  throw new Refused(`it answered ${String(response.status)}${said === '' ? '' : `: ${said}`}`, {
    final: isFinal(response.status),
    retryAfterMs: retryAfter(response.headers.get('retry-after')),
  });
}

/** The place of a URL as a log may show it: a path or query is often the secret. */
export function placeOf(url: string): string {
  return URL.parse(url)?.origin ?? 'an invalid URL';
}

/** `fetch failed` says nothing; its cause says which address did what. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors.length > 0)
    return cause.errors.map((inner) => messageOf(inner)).join(', ');
  return messageOf(cause ?? error);
}

function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

function retryAfter(text: string | null): number | undefined {
  if (text === null || !/^\d{1,9}$/u.test(text)) return undefined;
  return Math.min(longestWaitMs, Number(text) * 1000);
}

/** The first bytes of an answer; the rest may never end. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const parts: Uint8Array[] = [];
  try {
    for (let size = 0; size < answerBytes;) {
      const read: { readonly value?: Uint8Array | undefined } = await reader.read();
      const { value } = read;
      if (value === undefined) break;
      parts.push(value);
      size += value.length;
    }
  } catch {
    // The code has said that it is refused; the text is only its comment.
  }
  await reader.cancel().catch(() => undefined);
  return Buffer.concat(parts).subarray(0, answerBytes).toString('utf8');
}

function without(secrets: readonly string[], text: string): string {
  const cleaned = secrets
    // Replacing a letter everywhere would hide nothing and garble the rest.
    .filter((secret) => secret.length >= 4)
    .reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), text);
  return evidenceOf(maskText(cleaned));
}
