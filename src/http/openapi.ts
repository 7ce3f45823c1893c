import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { routes, streamLineSchema, type Route } from '../contract/routes.ts';

const refusals = {
  400: 'The body or the query is not of this form.',
  401: 'No token, or one that is unknown, revoked or over.',
  403: 'The role of the token does not include this, or the request comes from another site or network.',
  404: 'No node, service, revision or route of that name.',
  409: 'Something else is in the way: another controller, a rollout, a changed registry.',
  413: 'The body is too long.',
  415: 'The body does not say that it is JSON.',
  421: 'The host name is none of ours.',
  422: 'An input is invalid.',
  429: 'Too many requests or wrong tokens; `Retry-After` says when to come again.',
  500: 'A fault of the daemon.',
  503: 'A source or a store cannot be reached.',
} as const;

const description = `What an admin can ask of a controller, over TCP with a token or over the daemon's own socket.
A streamed answer is lines of JSON: \`alive\` every few seconds, \`node\` for every node that settles, then \`end\` with the answer or \`problem\`; its status is 200 as soon as it begins.
\`actor.who\` counts on the socket alone: over TCP it is the name of the token.`;

const underWay = streamLineSchema.options.filter(({ shape }) => shape.type.value !== 'end');

const types = {
  json: 'application/json',
  session: 'application/json',
  stream: 'application/x-ndjson',
  events: 'text/event-stream',
} as const;

/** The OpenAPI 3.1 document of every route that a token can reach. */
export function openApiDocument(version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const [status, text] of Object.entries(refusals))
    app.openAPIRegistry.registerComponent('responses', status, {
      description: text,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  for (const [name, route] of Object.entries(routes))
    if (route.role !== 'owner') app.openAPIRegistry.registerPath(pathOf(name, route));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'sync-controller', version, description, license: { name: 'MIT' } },
    servers: [{ url: 'http://127.0.0.1:9440' }],
    security: [{ token: [] }],
  });
}

const refused = Object.fromEntries(
  Object.keys(refusals).map((status) => [status, { $ref: `#/components/responses/${status}` }]),
);

function pathOf(name: string, { method, path, role, summary, form, body, answer }: Route) {
  const type = types[form];
  const schema =
    form === 'stream' ? z.union([...underWay, z.object({ type: z.literal('end'), answer })]) : answer;
  return createRoute({
    ...{ operationId: name, path, summary, tags: [path.split('/')[3] ?? 'api'] },
    method: method === 'GET' ? 'get' : 'post',
    description: `Takes the role ${role}.`,
    ...(method === 'GET'
      ? { request: { query: body as z.ZodObject } }
      : { request: { body: { required: true, content: { 'application/json': { schema: body } } } } }),
    responses: { 200: { description: 'Done.', content: { [type]: { schema } } }, ...refused },
  });
}
