import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { readSecret } from '../notify/secret-file.ts';
import { Allowance } from './allowance.ts';
import type { Env } from './app.ts';
import { addressIn, tooOften } from './guards.ts';
import { Refusal } from './problem.ts';
import { signatureHeader, timestampHeader, wrongIn } from './signature.ts';

/** Where calls from outside come in, as the predecessor's users wished it. */
export const webhookPath = '/api/webhook';

export interface WebhookDoorParts {
  readonly settings: Settings['webhook'];
  readonly env: NodeJS.ProcessEnv;
  /** Reads the registries now; it must not be waited for. */
  readonly look: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

type Guard = MiddlewareHandler<Env>;

/** One bucket for all: what a look costs does not depend on who asks for it. */
const everybody = '';

/**
 * Answers signed calls that ask for a look at the registries. It stands before the guards of the API: the signature is the proof, no
 * token is asked for, and what the body says decides nothing, so that a call that is sent again does no harm.
 */
export function webhookDoor(parts: WebhookDoorParts): Guard {
  const { settings, clock, log } = parts;
  const calls = new Allowance(settings.requestsPerMinute, clock);
  const limited = bodyLimit({ maxSize: settings.maxBytes, onError: () => tooLong(settings.maxBytes) });
  const answer = async (context: Context<Env>): Promise<void> => {
    await prove(context, parts);
    // Counted once it is proved: who knows no secret must not use up the calls of those who do.
    const waitMs = calls.take(everybody);
    if (waitMs > 0) throw tooOften(context, waitMs, 'webhook.requestsPerMinute');
    log.info('a webhook asks for a look at the registries', { address: addressIn(context) });
    parts.look();
    context.header('cache-control', 'no-store');
    context.res = context.json({ accepted: true }, 202);
  };
  return async (context, next) => {
    if (context.req.path !== webhookPath) return next();
    if (!isOn(settings))
      throw new SyncError(
        'notFound',
        'webhook: expected to be set, got neither a secret file nor a variable',
        {
          remedy: 'set webhook.secretFile and restart the daemon',
        },
      );
    if (context.req.method !== 'POST')
      throw new Refusal(405, 'usage', `webhook: expected POST, got ${context.req.method}`);
    return limited(context, () => answer(context));
  };
}

function isOn({ secretFile, secretVariable }: Settings['webhook']): boolean {
  return secretFile !== undefined || secretVariable !== undefined;
}

async function prove(context: Context<Env>, parts: WebhookDoorParts): Promise<void> {
  const secret = await secretOf(parts);
  const call = {
    body: new Uint8Array(await context.req.arrayBuffer()),
    signature: context.req.header(signatureHeader),
    timestamp: context.req.header(timestampHeader),
  };
  const { timestamped } = parts.settings;
  const got = wrongIn(call, { secret, nowMs: parts.clock.now(), timestamped });
  if (got === undefined) return;
  throw new Refusal(
    401,
    'permission',
    `webhook: expected a signature of the body in ${signatureHeader}, got ${got}`,
    'give both sides the same secret',
  );
}

/** The caller learns that it is not its fault, the log where the fault is. */
async function secretOf({ settings, env, log }: WebhookDoorParts): Promise<string> {
  try {
    if (settings.secretFile !== undefined) return await readSecret(settings.secretFile);
    const name = settings.secretVariable ?? '';
    const secret = env[name];
    if (secret !== undefined && secret !== '') return secret;
    throw new SyncError('config', `environment variable ${name}: expected a secret, got none`);
  } catch (error) {
    log.error('a webhook was called and its secret cannot be read', { reason: messageOf(error) });
    throw new Refusal(
      503,
      'config',
      'webhook: expected a secret to check signatures with, got none',
      'syncctl logs',
    );
  }
}

function tooLong(most: number): never {
  throw new Refusal(
    413,
    'usage',
    `webhook: expected at most ${String(most)} bytes (webhook.maxBytes), got more`,
  );
}
