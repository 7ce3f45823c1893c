import type { MiddlewareHandler } from 'hono';
import { includes, type Role } from '../contract/access.ts';
import { tokenRoleOf } from '../model/token.ts';
import { routes, type RouteName } from '../contract/routes.ts';
import type { Clock } from '../lib/clock.ts';
import type { TokenRecord } from '../store/records.ts';
import type { Caller } from './actor.ts';
import type { Env } from './app.ts';
import { Allowance } from './allowance.ts';
import { addressIn, tooOften } from './guards.ts';
import { Refusal } from './problem.ts';

/** Who holds a secret; `DurableTokens` is one. */
export interface Holders {
  holderOf(secret: string): TokenRecord | undefined;
}

const remedy = 'mint one on the controller: sudo syncctl token create <name> --role <viewer|operator|admin>';

/** Lets in who shows a token, under its name. Whoever shows wrong ones is soon refused without a look. */
export function byToken(holders: Holders, wrongPerMinute: number, clock: Clock): MiddlewareHandler<Env> {
  const wrong = new Allowance(wrongPerMinute, clock);
  return async (context, next) => {
    const address = addressIn(context);
    const waitMs = wrong.waitMs(address);
    if (waitMs > 0) throw tooOften(context, waitMs, 'api.wrongTokensPerMinute');
    const [, secret] = /^Bearer +(\S{1,256})$/iu.exec(context.req.header('authorization') ?? '') ?? [];
    const holder = secret === undefined ? undefined : holders.holderOf(secret);
    if (holder === undefined) {
      if (secret !== undefined) wrong.take(address);
      context.header('www-authenticate', 'Bearer realm="sync-controller"');
      const got = secret === undefined ? 'none' : 'one that is unknown, revoked or over';
      throw new Refusal(401, 'permission', `api: expected a token, got ${got}`, remedy);
    }
    context.set('caller', { name: holder.name, role: tokenRoleOf(holder.role) });
    await next();
  };
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
