import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { includes } from '../../src/contract/access.ts';
import { tokenRoles } from '../../src/model/token.ts';
import { bodyLimit, routes, type RouteName } from '../../src/contract/routes.ts';
import { verified } from '../cli/controller-double.ts';
import { withQuery } from '../../src/lib/query.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bodies } from './bodies.ts';
import { openDoor } from './door.ts';

const names = Object.keys(routes) as RouteName[];
const actor = { reason: 'test' };

type Asked = Awaited<ReturnType<typeof openDoor>>;

function asked(door: Asked, name: RouteName, token: string | undefined): Promise<Response> {
  const { method, path } = routes[name];
  if (method === 'GET')
    return door.ask(withQuery(path, bodies[name] ?? {}), token === undefined ? {} : { token });
  return door.post(path, token, bodies[name] ?? {});
}

/** The text of an answer; one without end is only begun. */
async function bodyOf(name: RouteName, response: Response): Promise<string> {
  if (routes[name].form !== 'events' || response.status !== 200) return response.text();
  await response.body?.cancel();
  return '';
}

/** A request with the headers as given, which `fetch` would not send. */
function raw(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = httpRequest(`${url}${path}`, { headers }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  sent.on('error', reject).end();
  return promise;
}

describe('every route over TCP', () => {
  it.each(names)('%s is refused without a token, and the controller is asked nothing', async (name) => {
    const door = await openDoor();
    const response = await asked(door, name, undefined);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      exit: 'permission',
      remedy: expect.stringContaining('token create') as unknown,
    });
    expect(door.controller.asked).toEqual([]);
  });

  it.each(tokenRoles)(
    'is open to a token of the role %s as far as the table says, and no further',
    async (role) => {
      const door = await openDoor();
      const token = await door.token(role);
      for (const name of names) {
        const before = door.controller.asked.length;
        const response = await asked(door, name, token);
        const text = await bodyOf(name, response);
        const may = includes(role, routes[name].role);
        expect([name, response.status === 403, response.status === 400], text).toEqual([name, !may, false]);
        if (!may) expect([name, door.controller.asked.length]).toEqual([name, before]);
      }
    },
  );

  it('is a GET where it only reads what the controller knows, and a POST where it asks nodes or takes a document', () => {
    const posted = names.filter((name) => routes[name].role === 'viewer' && routes[name].method === 'POST');
    expect(posted.sort()).toEqual(['closeSession', 'openSession', 'plan', 'previewEdit']);
  });

  it('takes the query of a GET by the words of the table, and says which one is wrong', async () => {
    const door = await openDoor();
    const token = await door.token('operator');
    const asked = async (query: string) => {
      const response = await door.ask(`${routes.audit.path}${query}`, { token });
      return [response.status, ((await response.json()) as { message?: string }).message ?? ''] as const;
    };
    expect(await asked('?limit=5')).toEqual([200, '']);
    expect(door.controller.asked).toEqual([{ what: 'audit', with: 5 }]);
    for (const [query, word] of [
      ['', 'limit'],
      ['?limit=', 'limit'],
      ['?limit=0', 'limit'],
      ['?limit=1.5', 'limit'],
      ['?limit=x', 'limit'],
      ['?limit=1&limit=2', 'limit once'],
      ['?limit=1&before=2', 'before'],
    ] as const)
      expect([query, await asked(query)]).toEqual([query, [400, expect.stringContaining(word)]]);
    expect(door.controller.done).toEqual(['audit']);
    expect((await door.post(routes.audit.path, token, { limit: 5 })).status).toBe(405);
    const name = 'a&b=c #ö/../%41';
    await door.ask(withQuery(routes.why.path, { service: name }), { token });
    expect(door.controller.asked.at(-1)).toEqual({ what: 'why', with: name });
  });

  it('takes an admin for a push that takes over a target or goes past the rollout policy', async () => {
    const door = await openDoor();
    const [operator, admin] = [await door.token('operator'), await door.token('admin')];
    for (const more of [{ takeOver: true }, { takeOver: false, allAtOnce: true }]) {
      expect((await door.post(routes.push.path, operator, more)).status).toBe(403);
      expect((await door.post(routes.push.path, admin, more)).status).toBe(200);
    }
  });

  it('takes an admin for a rollback that lets go what the guard holds', async () => {
    const door = await openDoor();
    const body = { revision: 'R1', approve: true, actor };
    expect((await door.post(routes.rollback.path, await door.token('operator'), body)).status).toBe(403);
    expect((await door.post(routes.rollback.path, await door.token('admin'), body)).status).toBe(503);
  });

  it('brings all that a freeze says to the controller', async () => {
    const door = await openDoor();
    const said = {
      scope: { nodes: ['a'], type: 'vps', all: false },
      from: '2030-01-01T00:00:00Z',
      until: '2030-01-02T00:00:00Z',
    };
    await door.post(routes.freeze.path, await door.token('operator'), { ...said, actor });
    expect(door.controller.asked.map((one) => one.with)).toMatchObject([said]);
  });

  it('acts in the name of the token, whatever the body says', async () => {
    const door = await openDoor();
    const token = await door.token('operator', 'ada');
    await (await door.post(routes.pause.path, token, { actor: { who: 'root', reason: 'x' } })).text();
    await (await door.post(routes.pause.path, token)).text();
    expect(door.controller.asked.map((one) => one.with)).toMatchObject([
      { actor: { who: 'ada', reason: 'x' } },
      { actor: { who: 'ada', reason: undefined } },
    ]);
  });

  it('tells a push node by node, then its sum', async () => {
    const door = await openDoor();
    door.controller.reports = [verified('a'), verified('b')];
    const response = await door.post(routes.push.path, await door.token('operator'), { takeOver: false });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(lines.filter((type) => type !== 'alive')).toEqual(['node', 'node', 'end']);
  });
});

describe('a token', () => {
  it('is worth nothing once it is revoked, and none that was never minted is worth anything', async () => {
    const door = await openDoor();
    const token = await door.token('admin', 'gone');
    expect((await door.ask(routes.status.path, { token })).status).toBe(200);
    await door.tokens.revoke('gone');
    expect((await door.ask(routes.status.path, { token })).status).toBe(401);
    for (const secret of ['', 'x', `sct_${'0'.repeat(64)}`, token.toUpperCase(), `${token}0`])
      expect((await door.ask(routes.status.path, { token: secret })).status).toBe(401);
  });

  it('ends at its time', async () => {
    const clock = new ManualClock();
    const door = await openDoor({}, { clock });
    const expires = new Date(clock.now() + 60_000).toISOString();
    const token = await door.tokens.mint({
      name: 'short',
      role: 'viewer',
      expires,
      who: 'test',
      reason: undefined,
    });
    expect((await door.ask(routes.status.path, { token })).status).toBe(200);
    await clock.advance(60_000);
    expect((await door.ask(routes.status.path, { token })).status).toBe(401);
  });

  it('is not guessed at: after some wrong ones the address is refused, also with a right one, until the minute is over', async () => {
    const clock = new ManualClock();
    const door = await openDoor({ wrongTokensPerMinute: 3 }, { clock });
    const token = await door.token('viewer');
    for (let turn = 0; turn < 3; turn += 1)
      expect((await door.ask(routes.status.path, { token: `sct_${'1'.repeat(64)}` })).status).toBe(401);
    const refused = await door.ask(routes.status.path, { token });
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 20]);
    await clock.advance(20_000);
    expect((await door.ask(routes.status.path, { token })).status).toBe(200);
  });
});

describe('the door', () => {
  it('answers no request of another site, under no foreign name, and no form', async () => {
    const door = await openDoor({ hosts: ['sync.example.org'] });
    const token = await door.token('admin');
    const authorization = `Bearer ${token}`;
    const { path } = routes.status;
    const [, port = ''] = /:(\d+)$/u.exec(door.url) ?? [];
    expect(await raw(door.url, path, { authorization, origin: 'https://evil.example' })).toBe(403);
    expect(await raw(door.url, path, { authorization, origin: 'null' })).toBe(403);
    expect(await raw(door.url, path, { authorization, origin: door.url })).toBe(200);
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example'])
      expect([host, await raw(door.url, path, { authorization, host })]).toEqual([host, 421]);
    for (const host of [
      `localhost:${port}`,
      '127.0.0.1',
      '[::1]',
      'sync.example.org',
      `SYNC.example.org:${port}`,
    ])
      expect([host, await raw(door.url, path, { authorization, host })]).toEqual([host, 200]);
    const form = await door.ask(routes.pause.path, {
      token,
      method: 'POST',
      body: new URLSearchParams('a=b'),
    });
    expect(form.status).toBe(415);
    expect(door.controller.asked.filter(({ what }) => what === 'pause')).toEqual([]);
  });

  it('answers only to networks of the settings', async () => {
    const door = await openDoor({ allowFrom: ['10.0.0.0/8', 'fd00::/8'] });
    const token = await door.token('admin');
    for (const path of [routes.status.path, '/livez', '/'])
      expect((await door.ask(path, { token })).status).toBe(403);
  });

  it('says how often is too often', async () => {
    const clock = new ManualClock();
    const door = await openDoor({ requestsPerMinute: 5 }, { clock });
    for (let turn = 0; turn < 5; turn += 1) expect((await door.ask('/livez')).status).toBe(200);
    expect((await door.ask('/livez')).status).toBe(429);
    await clock.advance(12_000);
    expect((await door.ask('/livez')).status).toBe(200);
  });

  it.each([
    ['a body that is no JSON', '{', 400],
    ['a body of another form', '{"x":1}', 400],
    ['a long body', `"${'x'.repeat(bodyLimit)}"`, 413],
  ])('refuses %s in one sentence', async (_what, body, expected) => {
    const door = await openDoor();
    const token = await door.token('admin');
    const headers = { 'content-type': 'application/json' };
    const response = await door.ask(routes.approve.path, { token, method: 'POST', headers, body });
    expect(response.status).toBe(expected);
    expect(await response.json()).toMatchObject({
      exit: 'usage',
      message: expect.stringContaining('expected') as unknown,
    });
    expect(door.controller.asked).toEqual([]);
  });

  it('knows its routes and their methods', async () => {
    const door = await openDoor();
    const token = await door.token('admin');
    expect((await door.ask('/api/v1/nothing', { token })).status).toBe(404);
    expect((await door.ask('/api/v1/nothing')).status).toBe(401);
    expect((await door.ask(routes.push.path, { token })).status).toBe(405);
    expect((await door.ask('/nothing')).status).toBe(404);
  });

  it('hands no stack out', async () => {
    const door = await openDoor();
    door.controller.failure = new TypeError('x is not a function');
    const response = await door.ask(routes.status.path, { token: await door.token('viewer') });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/\.ts|at /u);
  });
});
