import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { includes, type Role } from '../contract/access.ts';
import { tokenRoleOf } from '../model/token.ts';
import { routes, type RouteName } from '../contract/routes.ts';
import { csrfHeader } from '../contract/session.ts';
import type { Clock } from '../lib/clock.ts';
import type { TokenRecord } from '../store/records.ts';
import type { Caller } from './actor.ts';
import type { Env } from './app.ts';
import { Allowance } from './allowance.ts';
import { addressIn, tooOften } from './guards.ts';
import { Refusal } from './problem.ts';
import { cookieName, dropCookie } from './session-routes.ts';
import { isSame, type Sessions } from './sessions.ts';
import type { SignIns } from './sign-ins.ts';

/** Who holds a secret; `DurableTokens` is one. */
export interface Holders {
  holderOf(secret: string): TokenRecord | undefined;
}

interface Doorkeeping {
  readonly wrongPerMinute: number;
  readonly clock: Clock;
  readonly sessions?: Sessions;
  /** Hears of every refusal. */
  readonly signIns?: SignIns;
}

const remedy = 'mint one on the controller: sudo syncctl token create <name> --role <viewer|operator|admin>';

/**
 * Lets in who shows a token, under its name, or the session of a browser that one has opened. Whoever shows wrong tokens is soon
 * refused without a look.
 */
export function byToken(
  holders: Holders,
  { wrongPerMinute, clock, sessions, signIns }: Doorkeeping,
): MiddlewareHandler<Env> {
  const wrong = new Allowance(wrongPerMinute, clock);
  return async (context, next) => {
    const cookie = getCookie(context, cookieName(context));
    if (sessions !== undefined && cookie !== undefined && context.req.header('authorization') === undefined) {
      context.set('caller', bySession(context, sessions, cookie));
      await next();
      return;
    }
    const address = addressIn(context);
    const waitMs = wrong.waitMs(address);
    if (waitMs > 0) {
      signIns?.refused(context, 'too many wrong tokens in a minute');
      throw tooOften(context, waitMs, 'api.wrongTokensPerMinute');
    }
    const [, secret] = /^Bearer +(\S{1,256})$/iu.exec(context.req.header('authorization') ?? '') ?? [];
    const holder = secret === undefined ? undefined : holders.holderOf(secret);
    if (holder === undefined) {
      if (secret !== undefined) wrong.take(address);
      context.header('www-authenticate', 'Bearer realm="sync-controller"');
      const got = secret === undefined ? 'none' : 'one that is unknown, revoked or over';
      signIns?.refused(context, `expected a token, got ${got}`);
      throw new Refusal(401, 'permission', `api: expected a token, got ${got}`, remedy);
    }
    const isLive = (): boolean => secret !== undefined && holders.holderOf(secret) !== undefined;
    context.set('caller', { name: holder.name, role: tokenRoleOf(holder.role), holder, isLive });
    await next();
  };
}

/** A cookie comes by itself with whatever a browser sends, so a request that changes something has to say more. */
function bySession(context: Context<Env>, sessions: Sessions, cookie: string): Caller {
  const session = sessions.read(cookie);
  if (session === undefined) {
    dropCookie(context);
    throw new Refusal(
      401,
      'permission',
      'api: expected a live session, got one that is over, or whose token is',
      'sign in again with a token',
    );
  }
  const site = context.req.header('sec-fetch-site') ?? 'same-origin';
  const isOurs = site === 'same-origin' || site === 'none';
  if (
    !isOurs ||
    (context.req.method !== 'GET' && !isSame(context.req.header(csrfHeader) ?? '', session.csrf))
  )
    throw new Refusal(
      403,
      'permission',
      `api: expected the header ${csrfHeader} of the session from a page of ours, got none or another`,
      'load the dashboard anew',
    );
  const { name, role } = session.holder;
  const isLive = (): boolean => sessions.read(cookie) !== undefined;
  return { name, role: tokenRoleOf(role), session, isLive };
}

/** Refuses what the caller's role does not include. What only the owner of the socket may do is no route of this door at all. */
export function admitByRole(name: RouteName, body: unknown, { name: who, role }: Caller): void {
  const wanted = roleFor(name, body);
  if (wanted === 'owner')
    throw new Refusal(
      403,
      'permission',
      `${name}: expected to be asked through the daemon's socket, got a token`,
      'run syncctl on the controller',
    );
  if (includes(role, wanted)) return;
  throw new Refusal(
    403,
    'permission',
    `${name}: expected a token with the role ${wanted}, got ${who ?? 'one'} with ${role}`,
    `sudo syncctl token create <name> --role ${wanted}`,
  );
}

/** What makes a request more than its route: taking over a target, going past the rollout policy, letting go what the guard holds. */
const adminWords: Partial<Record<RouteName, readonly string[]>> = {
  push: ['takeOver', 'allAtOnce'],
  rollback: ['approve'],
};

/** The role that a request takes. */
export function roleFor(name: RouteName, body: unknown): Role {
  const said = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const isMore = said.some(([word, value]) => value === true && adminWords[name]?.includes(word) === true);
  return isMore ? 'admin' : routes[name].role;
}
