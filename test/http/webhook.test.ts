import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settingsSchema } from '../../src/config/schema.ts';
import type { Settings } from '../../src/config/settings.ts';
import { signatureHeader, wrongIn } from '../../src/http/signature.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { openDoor, type Door } from './door.ts';

const path = '/api/webhook';
const secret = "It's a Secret to Everybody";
const body = JSON.stringify({ ref: 'refs/heads/main' });
const defaults = settingsSchema.parse({}).webhook;

const macOf = (text: string, key = secret): string =>
  `sha256=${createHmac('sha256', key).update(text).digest('hex')}`;

interface Hooked extends Door {
  readonly looks: () => number;
  readonly file: string;
  call(text: string, headers: Record<string, string>): Promise<Response>;
}

/** A door whose webhook has its secret in a file. */
async function hooked(changes: Partial<Settings['webhook']> = {}, clock?: ManualClock): Promise<Hooked> {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'secret');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  let looks = 0;
  const webhook = {
    settings: { ...defaults, secretFile: file, ...changes },
    env: { HOOK_SECRET: secret, EMPTY: '' },
    look: () => {
      looks += 1;
    },
  };
  const door = await openDoor({}, { webhook, ...(clock === undefined ? {} : { clock }) });
  return {
    ...door,
    file,
    looks: () => looks,
    call: (text, headers) => door.ask(path, { method: 'POST', body: text, headers }),
  };
}

describe('POST /api/webhook', () => {
  it('takes a body that is signed as GitHub signs it, without a token, and asks for a look', async () => {
    const door = await hooked();
    const answer = await door.call(body, {
      [signatureHeader]: macOf(body),
      'content-type': 'application/x-www-form-urlencoded',
      'x-github-event': 'push',
    });
    expect([answer.status, await answer.json()]).toEqual([202, { accepted: true }]);
    expect(door.looks()).toBe(1);
    // The same call once more does the same once more: one look.
    expect((await door.call(body, { [signatureHeader]: macOf(body) })).status).toBe(202);
    expect([door.looks(), door.controller.asked]).toEqual([2, []]);
  });

  it('agrees with the example of the documentation of GitHub', () => {
    const call = {
      body: Buffer.from('Hello, World!'),
      signature: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      timestamp: undefined,
    };
    expect(wrongIn(call, { secret, nowMs: 0, timestamped: false })).toBeUndefined();
  });

  it.each([
    ['no signature', {}],
    ['the signature of another body', { [signatureHeader]: macOf(`${body} `) }],
    ['the signature of another secret', { [signatureHeader]: macOf(body, 'other') }],
    ['a signature that is cut', { [signatureHeader]: macOf(body).slice(0, -1) }],
    ['a signature of the old kind', { [signatureHeader]: macOf(body).replace('sha256', 'sha1') }],
    ['an empty one', { [signatureHeader]: 'sha256=' }],
    ['a token in its place', { authorization: `Bearer ${secret}` }],
  ])('refuses %s with one sentence, and looks at nothing', async (_, headers) => {
    const door = await hooked();
    const answer = await door.call(body, headers);
    const problem = (await answer.json()) as { message: string };
    expect([answer.status, problem.message]).toEqual([
      401,
      expect.stringMatching(/^webhook: expected a signature of the body in x-hub-signature-256, got .+$/u),
    ]);
    expect(door.looks()).toBe(0);
    expect(JSON.stringify(problem) + JSON.stringify(door.said)).not.toContain(secret);
  });

  it('lets a timestamp be signed with the body, and refuses one that is old or was changed', async () => {
    const door = await hooked();
    const now = Math.floor(Date.now() / 1000);
    const stamped = (at: number, mac = macOf(`${String(at)}.${body}`)): Promise<Response> =>
      door.call(body, { [signatureHeader]: mac, 'x-signature-timestamp': String(at) });
    expect((await stamped(now)).status).toBe(202);
    expect((await stamped(now - 301)).status).toBe(401);
    expect((await stamped(now + 301)).status).toBe(401);
    expect((await stamped(now, macOf(`${String(now - 10)}.${body}`))).status).toBe(401);
    expect((await stamped(now, macOf(body))).status).toBe(401);
    expect(door.looks()).toBe(1);
  });

  it('takes no signature without a timestamp where the settings demand one', async () => {
    const door = await hooked({ timestamped: true });
    const now = String(Math.floor(Date.now() / 1000));
    expect((await door.call(body, { [signatureHeader]: macOf(body) })).status).toBe(401);
    // What was signed with its timestamp is no body that is signed without one.
    expect((await door.call(`${now}.${body}`, { [signatureHeader]: macOf(`${now}.${body}`) })).status).toBe(
      401,
    );
    const headers = { [signatureHeader]: macOf(`${now}.${body}`), 'x-signature-timestamp': now };
    expect((await door.call(body, headers)).status).toBe(202);
  });

  it('refuses a body that is too long, whether it says its length or not', async () => {
    const door = await hooked({ maxBytes: 1_000 });
    const text = 'x'.repeat(1_001);
    expect((await door.call(text, { [signatureHeader]: macOf(text) })).status).toBe(413);
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = { [signatureHeader]: macOf(text), 'transfer-encoding': 'chunked' };
    const sent = httpRequest(`${door.url}${path}`, { method: 'POST', headers }, (response) => {
      resolve(response.resume().statusCode);
    });
    sent.on('error', reject).end(text);
    expect(await promise).toBe(413);
    const most = 'x'.repeat(1_000);
    expect((await door.call(most, { [signatureHeader]: macOf(most) })).status).toBe(202);
    expect(door.looks()).toBe(1);
  });

  it('answers so many signed calls in a minute; calls with a wrong signature do not count', async () => {
    const clock = new ManualClock();
    const door = await hooked({ requestsPerMinute: 2 }, clock);
    const right = { [signatureHeader]: macOf(body) };
    for (let count = 0; count < 5; count += 1) expect((await door.call(body, {})).status).toBe(401);
    expect((await door.call(body, right)).status).toBe(202);
    expect((await door.call(body, right)).status).toBe(202);
    const refused = await door.call(body, right);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    await clock.advance(30_000);
    expect((await door.call(body, right)).status).toBe(202);
    expect(door.looks()).toBe(3);
  });

  it('is not there where no secret is set, and answers no other method', async () => {
    const off = await hooked({ secretFile: undefined });
    expect((await off.call(body, { [signatureHeader]: macOf(body) })).status).toBe(404);
    expect((await off.ask(path)).status).toBe(404);
    const on = await hooked();
    for (const method of ['GET', 'PUT', 'DELETE']) expect((await on.ask(path, { method })).status).toBe(405);
    expect(off.looks() + on.looks()).toBe(0);
  });

  it('takes the secret from a variable of the daemon, and counts no empty one as a secret', async () => {
    const door = await hooked({ secretFile: undefined, secretVariable: 'HOOK_SECRET' });
    expect((await door.call(body, { [signatureHeader]: macOf(body) })).status).toBe(202);
    const empty = await hooked({ secretFile: undefined, secretVariable: 'EMPTY' });
    expect((await empty.call(body, { [signatureHeader]: macOf(body, '') })).status).toBe(503);
    expect(empty.looks()).toBe(0);
  });

  it('says in the log and not to the caller why the secret cannot be read', async () => {
    const door = await hooked();
    chmodSync(door.file, 0o644);
    const answer = await door.call(body, { [signatureHeader]: macOf(body) });
    expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining(door.file)]);
    expect(JSON.stringify(door.said)).toContain('its secret cannot be read');
    chmodSync(door.file, 0o600);
    // A secret that was replaced counts without a restart.
    writeFileSync(door.file, 'second');
    expect((await door.call(body, { [signatureHeader]: macOf(body, 'second') })).status).toBe(202);
  });
});
