import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit as limitBody } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { bodyLimit, routes, type AnsweredName, type Route, type RouteName } from '../contract/routes.ts';
import type { sessionRoutes } from '../contract/session.ts';
import { SyncError } from '../lib/errors.ts';
import { inNameOf, type Caller, type Env } from './actor.ts';
import type { Feed } from './feed.ts';
import { followed } from './followed.ts';
import { handlersOf, type Handling, type Served } from './handlers.ts';
import { problemOf, Refusal } from './problem.ts';
import { answerSession, type SessionDoor } from './session-routes.ts';
import { shown } from './shown.ts';
import { streamed } from './streamed.ts';

export type { Env } from './actor.ts';

export interface AppParts {
  readonly controller: Served;
  readonly version: string;
  /** Signs of life on streamed answers; shrunk by tests. */
  readonly aliveMs: number;
  readonly feed: Feed;
  /** Where browsers may have sessions. */
  readonly sessions?: SessionDoor;
  /** What stands before every path. */
  readonly before?: readonly MiddlewareHandler<Env>[];
  /** What stands before every route of the API; the last of them sets the caller. */
  readonly guards: readonly MiddlewareHandler<Env>[];
  /** Refuses what the caller may not do. */
  readonly admit: (name: RouteName, body: unknown, caller: Caller) => void;
}

/** Every route of the contract over one controller. The two doors differ in their guards alone. */
export function buildApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((error, context) => refuse(context, error));
  app.notFound((context) => refuse(context, unknownRoute(context.req.path)));
  app.use('*', ...(parts.before ?? []));
  app.use('/api/*', ...parts.guards, limitBody({ maxSize: bodyLimit, onError: tooLong }));
  const handlers = handlersOf(parts.controller, parts.version);
  for (const [key, route] of Object.entries(routes)) {
    const name = key as RouteName;
    app.on(route.method, route.path, async (context) => {
      const caller = context.get('caller');
      const body = inNameOf(caller, await bodyOf(name, route, context));
      parts.admit(name, body, caller);
      // The body has passed the schema of this very route, which the table of handlers is typed by.
      const handle: Handling = (onNode) => (handlers[name as AnsweredName] as Handler)(body, onNode);
      if (route.form === 'events') return followed(context, parts.feed);
      context.header('cache-control', 'no-store');
      if (route.form === 'session')
        return context.json(answerSession(name as keyof typeof sessionRoutes, context, parts.sessions));
      if (route.form === 'stream') return streamed(context, handle, parts.aliveMs);
      return context.json(shown(await handle(() => undefined)));
    });
  }
  for (const path of new Set(Object.values(routes).map((route) => route.path)))
    app.all(path, (context) => refuse(context, wrongMethod(context, path)));
  return app;
}

type Handler = (body: unknown, onNode: Parameters<Handling>[0]) => Promise<object>;

/** A refusal as every caller gets it. */
function refuse(context: Context, error: unknown): Response {
  const { status, problem } = problemOf(error);
  context.header('cache-control', 'no-store');
  return context.json(problem, status as ContentfulStatusCode);
}

async function bodyOf(name: RouteName, route: Route, context: Context): Promise<unknown> {
  const isRead = route.method === 'GET';
  const parsed = route.body.safeParse(isRead ? queryOf(name, context) : await jsonOf(name, context));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'its top' : issue.path.join('.');
  throw new SyncError(
    'usage',
    `${name}: expected a ${isRead ? 'query' : 'body'} of this form, got one that is wrong at ${where}: ${issue?.message ?? ''}`,
  );
}

async function jsonOf(name: RouteName, context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new SyncError('usage', `${name}: expected a JSON body, got something else`);
  }
}

/** The parameters behind `?`; an empty one says nothing, and one that stands twice could mean either. */
function queryOf(name: RouteName, { req }: Context): Record<string, string> {
  const given = Object.entries(req.queries());
  const [twice] = given.find(([, values]) => values.length > 1) ?? [];
  if (twice !== undefined)
    throw new SyncError('usage', `${name}: expected ${twice} once in the query, got it more than once`);
  return Object.fromEntries(given.flatMap(([key, [value = '']]) => (value === '' ? [] : [[key, value]])));
}

function tooLong(): never {
  throw new Refusal(413, 'usage', `body: expected at most ${String(bodyLimit)} bytes, got more`);
}

function wrongMethod({ req }: Context, path: string): Refusal {
  const methods = Object.values(routes)
    .filter((route) => route.path === path)
    .map(({ method }) => method);
  return new Refusal(405, 'usage', `${path}: expected ${methods.join(' or ')}, got ${req.method}`);
}

function unknownRoute(path: string): SyncError {
  return new SyncError('notFound', `route: expected one of this version, got ${JSON.stringify(path)}`, {
    remedy: 'restart the daemon after an upgrade',
  });
}
