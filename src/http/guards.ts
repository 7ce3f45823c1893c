import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { BlockList, isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { addNetwork } from '../lib/place.ts';
import type { Env } from './actor.ts';
import { Allowance } from './allowance.ts';
import { Refusal } from './problem.ts';

type Guard = MiddlewareHandler<Env>;

/** Answers only to networks that the settings name. */
export function fromAllowed(networks: readonly string[], setting = 'api.allowFrom'): Guard {
  const allowed = new BlockList();
  for (const network of networks) addNetwork(allowed, network);
  return async (context, next) => {
    const address = addressIn(context);
    if (!allowed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
      throw new Refusal(
        403,
        'permission',
        `${setting.split('.')[0] ?? ''}: expected a request from ${setting}, got one from ${address}`,
      );
    await next();
  };
}

/** Refuses a name that is not ours: a page of somebody else whose DNS points here would speak with its own. */
export function toOurName(names: readonly string[]): Guard {
  const known = new Set(['localhost', ...names]);
  return async (context, next) => {
    const host = nameOf(context.req.header('host') ?? '');
    if (isIP(host) === 0 && !known.has(host))
      throw new Refusal(
        421,
        'permission',
        `api: expected an address, localhost or a name of api.hosts, got ${JSON.stringify(host.slice(0, 80))}`,
      );
    await next();
  };
}

/** Nobody asks more often than the settings say. */
export function notTooOften(perMinute: number, clock: Clock): Guard {
  const allowance = new Allowance(perMinute, clock);
  return async (context, next) => {
    const waitMs = allowance.take(addressIn(context));
    if (waitMs > 0) throw tooOften(context, waitMs, 'api.requestsPerMinute');
    await next();
  };
}

/** What a page of another site sends carries its own origin, and a form cannot say that it is JSON. */
export function fromNoOtherSite(): Guard {
  return async (context, next) => {
    const origin = context.req.header('origin');
    if (origin !== undefined && !isSame(origin, context.req.header('host') ?? ''))
      throw new Refusal(
        403,
        'permission',
        `api: expected no request of another site, got one of ${JSON.stringify(origin.slice(0, 80))}`,
      );
    const type = context.req.header('content-type') ?? '';
    if (context.req.method !== 'GET' && !/^application\/json\b/iu.test(type))
      throw new Refusal(
        415,
        'usage',
        `api: expected content-type application/json, got ${JSON.stringify(type.slice(0, 80))}`,
      );
    await next();
  };
}

/** A 429 that says when to come again. */
export function tooOften(context: Context, waitMs: number, setting: string): Refusal {
  const seconds = String(Math.ceil(waitMs / 1_000));
  context.header('retry-after', seconds);
  return new Refusal(
    429,
    'unavailable',
    `api: expected fewer requests (${setting}), got one more; come again in ${seconds} s`,
  );
}

/** The address of the other side; one of IPv4 that came over an IPv6 socket is told as IPv4. */
export function addressIn(context: Context): string {
  const address = getConnInfo(context).remote.address ?? '';
  return address.replace(/^::ffff:(?=\d+\.)/u, '').replace(/%.*$/u, '');
}

function nameOf(host: string): string {
  return host
    .replace(/:\d+$/u, '')
    .replace(/^\[(.*)\]$/u, '$1')
    .toLowerCase();
}

function isSame(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}
