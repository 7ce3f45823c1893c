import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { routes, type RouteName } from '../../src/contract/routes.ts';
import { csrfHeader, type SessionReport } from '../../src/contract/session.ts';
import { sessionFile } from '../../src/http/session-file.ts';
import { Sessions } from '../../src/http/sessions.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bodies } from './bodies.ts';
import { openDoor, type Door } from './door.ts';

const path = routes.session.path;

interface Browser {
  readonly cookie: string;
  readonly setCookie: string;
  readonly report: SessionReport;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Signs in as the dashboard does, and from then on sends what a browser would. */
async function signedIn(door: Door, token: string): Promise<Browser> {
  const opened = await door.post(path, token);
  expect(opened.status).toBe(200);
  const setCookie = opened.headers.get('set-cookie') ?? '';
  const [cookie = ''] = setCookie.split(';');
  const report = (await opened.json()) as SessionReport;
  const sent = { cookie, 'sec-fetch-site': 'same-origin' };
  return {
    ...{ cookie, setCookie, report },
    get: (of, headers = {}) => door.ask(of, { headers: { ...sent, ...headers } }),
    post: (of, body = {}, headers = { [csrfHeader]: report.csrf ?? '' }) =>
      door.ask(of, {
        method: 'POST',
        headers: { ...sent, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}

describe('a session', () => {
  it('comes from a token, stands in a cookie that no script reads, and says who it is', async () => {
    const door = await openDoor();
    const token = await door.token('operator', 'ada');
    const { setCookie, cookie, report, get } = await signedIn(door, token);
    expect(setCookie).toMatch(/; Path=\/api; Expires=[^;]+; HttpOnly; SameSite=Strict$/u);
    expect(setCookie).not.toContain(token);
    expect(cookie).toMatch(/^sync_controller_\d+=/u);
    expect(report).toMatchObject({ name: 'ada', role: 'operator' });
    expect(await (await get(path)).json()).toEqual(report);
  });

  it('is opened by a token alone, never by a session or by nothing', async () => {
    const door = await openDoor();
    const { post } = await signedIn(door, await door.token('viewer'));
    expect((await post(path)).status).toBe(403);
    expect((await door.post(path, undefined)).status).toBe(401);
    expect((await door.post(path, `sct_${'0'.repeat(64)}`)).headers.get('set-cookie')).toBeNull();
  });

  it('changes something only with the header that its own page knows', async () => {
    const door = await openDoor();
    const { post, report } = await signedIn(door, await door.token('admin', 'ada'));
    const other = await signedIn(door, await door.token('admin'));
    for (const headers of [{}, { [csrfHeader]: 'x' }, { [csrfHeader]: other.report.csrf ?? '' }])
      expect((await post(routes.pause.path, {}, headers)).status).toBe(403);
    expect(
      (await post(routes.pause.path, {}, { [csrfHeader]: report.csrf ?? '', origin: 'http://evil.example' }))
        .status,
    ).toBe(403);
    expect(door.controller.done).toEqual([]);
    expect((await post(routes.pause.path, { actor: { who: 'root', reason: 'x' } })).status).toBe(200);
    expect(door.controller.asked.at(-1)).toEqual({
      what: 'pause',
      with: { node: undefined, actor: { who: 'ada', reason: 'x' } },
    });
  });

  it('reads with its cookie alone, in the words of a query', async () => {
    const door = await openDoor();
    const { get } = await signedIn(door, await door.token('viewer'));
    expect((await get(`${routes.why.path}?service=wiki`)).status).toBe(200);
    expect(door.controller.asked.at(-1)).toEqual({ what: 'why', with: 'wiki' });
    expect((await get(`${routes.why.path}?service=wiki`, { 'sec-fetch-site': 'cross-site' })).status).toBe(
      403,
    );
  });

  it('is worth nothing in a request that another site or another port has begun', async () => {
    const door = await openDoor();
    const { get } = await signedIn(door, await door.token('viewer'));
    expect((await get(routes.status.path)).status).toBe(200);
    for (const site of ['cross-site', 'same-site'])
      expect((await get(routes.status.path, { 'sec-fetch-site': site })).status).toBe(403);
  });

  it('does what the role of its token may do, and no more', async () => {
    const door = await openDoor();
    const { post } = await signedIn(door, await door.token('viewer'));
    for (const [name, { method, path: of, role }] of Object.entries(routes)) {
      if (method === 'GET' || role === 'viewer') continue;
      expect([name, (await post(of, bodies[name as RouteName] ?? {})).status]).toEqual([name, 403]);
    }
    expect(door.controller.done).toEqual([]);
  });

  it('ends with a sign-out, also for who kept a copy of the cookie', async () => {
    const door = await openDoor();
    const { post, get } = await signedIn(door, await door.token('viewer'));
    const ended = await post(routes.closeSession.path);
    expect([ended.status, ended.headers.get('set-cookie')]).toEqual([
      200,
      expect.stringMatching(/=; Max-Age=0; Path=\/api/u),
    ]);
    expect((await get(path)).status).toBe(401);
  });

  it('ends at once when its token is revoked, also for a stream that is open, and not by another token of the same name', async () => {
    const door = await openDoor();
    const { get } = await signedIn(door, await door.token('viewer', 'ada'));
    const stream = await get(routes.events.path);
    const reader = stream.body?.getReader();
    await reader?.read();
    await door.tokens.revoke('ada');
    expect((await get(path)).status).toBe(401);
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read());
    await door.token('viewer', 'ada');
    expect((await get(path)).status).toBe(401);
  });

  it('ends by itself after its hours, or with its token', async () => {
    const clock = new ManualClock();
    const door = await openDoor({ sessionHours: 2 }, { clock });
    const long = await signedIn(door, await door.token('viewer'));
    const expires = new Date(clock.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, 'Z');
    const short = await signedIn(
      door,
      await door.tokens.mint({ name: 'short', role: 'viewer', expires, who: 'test', reason: undefined }),
    );
    expect(short.report.expires).toBe(expires);
    await clock.advance(3_600_000);
    expect([(await short.get(path)).status, (await long.get(path)).status]).toEqual([401, 200]);
    await clock.advance(3_600_000);
    expect((await long.get(path)).status).toBe(401);
  });

  it('cannot be made up or altered', async () => {
    const door = await openDoor();
    const { cookie } = await signedIn(door, await door.token('viewer', 'ada'));
    await door.token('admin', 'root');
    const [name = '', value = ''] = cookie.split('=');
    const [who = '', began = '', id = '', seal = ''] = value.split('.');
    const root = Buffer.from('root').toString('base64url');
    for (const made of [
      [root, began, id, seal],
      [who, `${began}9`, id, seal],
      [who, began, 'f'.repeat(32), seal],
      [who, began, id, '0'.repeat(64)],
      ['', '', '', ''],
      [who],
    ])
      expect((await door.ask(path, { headers: { cookie: `${name}=${made.join('.')}` } })).status).toBe(401);
  });

  it('is no way in where tokens cannot be told apart', async () => {
    const door = await openDoor();
    const { get } = await signedIn(door, await door.token('viewer'));
    door.loseStore();
    expect((await get(path)).status).toBe(503);
  });
});

describe('the audit of sessions', () => {
  const wrong = `sct_${'1'.repeat(64)}`;

  it('tells who signed in and out and from where, and never a token', async () => {
    const door = await openDoor();
    const token = await door.token('viewer', 'ada');
    const { post, get, cookie } = await signedIn(door, token);
    await get(routes.status.path);
    await post(routes.closeSession.path);
    expect(door.deeds).toEqual(['ada session open from 127.0.0.1', 'ada session end from 127.0.0.1']);
    expect(JSON.stringify([door.deeds, door.said])).not.toMatch(
      new RegExp([token, cookie.split('=')[1] ?? ''].join('|').replaceAll('.', '[.]'), 'u'),
    );
  });

  it('tells of a sign-in that was refused, and not of other requests with a wrong token', async () => {
    const door = await openDoor();
    await door.ask(routes.status.path, { token: wrong });
    await door.post(routes.pause.path, wrong);
    expect(door.deeds).toEqual([]);
    expect((await door.post(path, wrong)).status).toBe(401);
    expect((await door.post(path, undefined)).status).toBe(401);
    expect(door.deeds).toEqual([
      'nobody session refused from 127.0.0.1: expected a token, got one that is unknown, revoked or over',
      'nobody session refused from 127.0.0.1: expected a token, got none',
    ]);
    expect(JSON.stringify([door.deeds, door.said])).not.toContain('1111');
  });

  it('is not flooded: who guesses is soon refused without a look, and most of that is only counted', async () => {
    const clock = new ManualClock();
    const door = await openDoor({ wrongTokensPerMinute: 3 }, { clock });
    const token = await door.token('viewer', 'ada');
    const statuses: number[] = [];
    for (let turn = 0; turn < 20; turn += 1) statuses.push((await door.post(path, wrong)).status);
    expect(statuses.slice(0, 4)).toEqual([401, 401, 401, 429]);
    expect(new Set(statuses.slice(3))).toEqual(new Set([429]));
    const refused = await door.post(path, token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '20']);
    expect(door.deeds.length).toBe(5);
    expect(door.deeds[4]).toContain('too many wrong tokens in a minute');
    await clock.advance(60_000);
    await door.post(path, wrong);
    expect(door.deeds.at(-1)).toMatch(/got one that is unknown, revoked or over, and 16 more before it$/u);
    expect((await door.post(path, token)).status).toBe(200);
    expect(door.deeds.at(-1)).toBe('ada session open from 127.0.0.1');
  });
});

describe('the file of the sessions', () => {
  const holder = {
    name: 'ada',
    role: 'viewer',
    hash: 'a'.repeat(64),
    who: 'test',
    why: undefined,
    since: '',
    expires: undefined,
  };
  const log = loggerOver(() => undefined);

  async function place(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sessions-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return join(folder, 'sessions.json');
  }

  function opened(at: string): Sessions {
    const clock = new ManualClock();
    const holders = { holderNamed: (name: string) => (name === 'ada' ? holder : undefined) };
    return new Sessions({
      holders,
      clock,
      random: systemRandom,
      hours: 1,
      file: sessionFile(at, systemRandom, log),
    });
  }

  it('keeps sessions over a restart, and those out who signed out', async () => {
    const at = await place();
    const before = opened(at);
    const [kept, gone] = [before.open(holder), before.open(holder)];
    before.end(gone.session);
    const after = opened(at);
    expect([after.read(kept.cookie)?.id, after.read(gone.cookie)]).toEqual([kept.session.id, undefined]);
    expect(statSync(at).mode & 0o777).toBe(0o600);
    expect(readFileSync(at, 'utf8')).not.toContain(kept.session.id);
  });

  it('ends every session where it is lost', async () => {
    const at = await place();
    const { cookie } = opened(at).open(holder);
    await rm(at);
    expect(opened(at).read(cookie)).toBeUndefined();
  });
});
