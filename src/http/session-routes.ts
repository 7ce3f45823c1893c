import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { SessionReport, sessionRoutes } from '../contract/session.ts';
import type { Env } from './actor.ts';
import { Refusal } from './problem.ts';
import type { Session, Sessions } from './sessions.ts';
import type { SignIns } from './sign-ins.ts';

/** Sessions of one door, and whether their cookies may travel over TLS alone. */
export interface SessionDoor {
  readonly sessions: Sessions;
  readonly secure: boolean;
  /** Hears who signs in and out. */
  readonly signIns?: SignIns;
}

/** Browsers send a cookie to every port of a host: two daemons on one machine must not overwrite each other's. */
export function cookieName(context: Context): string {
  const [, port] = /:(\d+)$/u.exec(context.req.header('host') ?? '') ?? [];
  return `sync_controller_${port ?? 'session'}`;
}

// No other path has to do with sessions, so no other request carries the cookie.
const path = '/api';

/** Forgets the cookie in the browser. */
export function dropCookie(context: Context): void {
  deleteCookie(context, cookieName(context), { path });
}

/** Answers the routes of sessions, which alone touch cookies. */
export function answerSession(
  name: keyof typeof sessionRoutes,
  context: Context<Env>,
  door: SessionDoor | undefined,
): SessionReport | object {
  const { name: who, role, session, holder } = context.get('caller');
  if (name === 'session')
    return session === undefined
      ? { name: who ?? null, role, expires: null, csrf: null }
      : reportOf(session, role);
  if (name === 'closeSession') {
    if (session !== undefined) {
      door?.sessions.end(session);
      door?.signIns?.ended(context, session.holder.name);
    }
    dropCookie(context);
    return {};
  }
  if (door === undefined || holder === undefined)
    throw new Refusal(
      403,
      'permission',
      'openSession: expected a token in the header Authorization, got none',
    );
  const { cookie, session: opened } = door.sessions.open(holder);
  door.signIns?.opened(context, holder.name);
  setCookie(context, cookieName(context), cookie, {
    path,
    httpOnly: true,
    sameSite: 'Strict',
    secure: door.secure,
    expires: new Date(opened.expires),
  });
  return reportOf(opened, role);
}

function reportOf({ holder, expires, csrf }: Session, role: SessionReport['role']): SessionReport {
  return { name: holder.name, role, expires, csrf };
}
