import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { within } from '../../src/lib/abort.ts';
import { Refused, type Target } from '../../src/notify/delivery.ts';
import { slackEscape } from '../../src/notify/slack.ts';
import { targetOf } from '../../src/notify/target.ts';
import { signatureHeader, timestampHeader } from '../../src/notify/webhook.ts';
import { alertSample, messageSample } from './alerts.ts';
import { Listener, until } from './listener.ts';
import { settingsOf } from './story.ts';

let folder: string;
let server: Listener;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notify-'));
  server = await Listener.open();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function secret(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

type Written = NonNullable<Parameters<typeof settingsOf>[0]>['targets'] extends (infer T)[] | undefined
  ? T
  : never;
function target(written: Written): Target {
  return targetOf(settingsOf({ targets: [written] }).targets[0]!, () => 1_767_225_600_500);
}

const never = new AbortController().signal;

async function failure(sending: Promise<void>): Promise<Error> {
  return await sending.then(
    () => new Error('it was taken'),
    (error: unknown) => error as Error,
  );
}

describe('a webhook', () => {
  it('gets the alert as JSON, signed over time and body, with its token', async () => {
    const hook = target({
      name: 'ops',
      kind: 'webhook',
      url: `${server.url}/hook?x=1`,
      secretFile: secret('key', 'k3y\n'),
      tokenFile: secret('token', 't0ken\n', 0o640),
    });
    await hook.send(messageSample({}, 3), never);
    const { path, headers, body } = server.heard[0]!;
    expect(path).toBe('/hook?x=1');
    expect(JSON.parse(body)).toEqual({ ...alertSample(), lost: 3 });
    expect(headers[timestampHeader]).toBe('1767225600');
    const mac = createHmac('sha256', 'k3y').update(`1767225600.${body}`).digest('hex');
    expect(headers[signatureHeader]).toBe(`sha256=${mac}`);
    expect(headers.authorization).toBe('Bearer t0ken');
    expect(headers['content-type']).toBe('application/json');
  });

  it('is not followed to another place, and its token neither', async () => {
    const other = await Listener.open();
    server.answer = (_request, response) => response.writeHead(307, { location: other.url }).end();
    const hook = target({
      name: 'ops',
      kind: 'webhook',
      url: server.url,
      tokenFile: secret('token', 't0ken'),
    });
    expect((await failure(hook.send(messageSample(), never))).message).toMatch(/redirect/u);
    expect(other.heard).toEqual([]);
    await other.close();
  });

  it('is not asked with a secret that everybody may read', async () => {
    const path = secret('key', 'k3y', 0o644);
    const hook = target({ name: 'ops', kind: 'webhook', url: server.url, secretFile: path });
    expect((await failure(hook.send(messageSample(), never))).message).toBe(
      `secret file ${path}: expected a file that only its owner and group may touch, got mode 0644; run chmod o= ${path}`,
    );
    expect(server.heard).toEqual([]);
  });

  it.each([
    ['is missing', undefined, /expected to be readable/u],
    ['is empty', '\n', /expected one line of text, got none/u],
    ['has several lines', 'a\nb', /expected one line of text, got more/u],
  ])('is not asked where the secret file %s', async (_what, text, message) => {
    const path = text === undefined ? join(folder, 'none') : secret('key', text);
    const hook = target({ name: 'ops', kind: 'webhook', url: server.url, secretFile: path });
    expect((await failure(hook.send(messageSample(), never))).message).toMatch(message);
    expect(server.heard).toEqual([]);
  });

  it('that refuses is told with code and words, without a secret that it repeats', async () => {
    server.answer = (request, response) =>
      response.writeHead(403).end(`\u001b[31mno: ${String(request.headers.authorization)} <b>`);
    const hook = target({
      name: 'ops',
      kind: 'webhook',
      url: server.url,
      tokenFile: secret('t', 'zq9-secret'),
    });
    const error = await failure(hook.send(messageSample(), never));
    expect(error.message).toContain('it answered 403: ');
    expect(error.message).not.toContain('zq9');
    expect(error.message).not.toContain('\u001b');
  });

  it.each([
    [400, true],
    [404, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i is refused for good: %s', async (code, final) => {
    server.answer = (_request, response) => response.writeHead(code, { 'retry-after': '7' }).end();
    const error = await failure(
      target({ name: 'ops', kind: 'webhook', url: server.url }).send(messageSample(), never),
    );
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ final, retryAfterMs: 7_000 });
  });

  it('that never ends its answer does not keep us', async () => {
    server.answer = (_request, response) => {
      response.writeHead(500);
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 5);
      response.on('close', () => clearInterval(timer));
    };
    const error = await failure(
      target({ name: 'ops', kind: 'webhook', url: server.url }).send(messageSample(), never),
    );
    expect(error.message.length).toBeLessThan(300);
  });

  it('that says nothing is left when the time is up, and its connection is closed', async () => {
    let closed = false;
    server.answer = (request) => {
      request.socket.on('close', () => {
        closed = true;
      });
    };
    const hook = target({ name: 'ops', kind: 'webhook', url: server.url, timeoutMs: 200 });
    const error = await failure(
      within(hook.timeoutMs, undefined, (signal) => hook.send(messageSample(), signal)),
    );
    expect(error.message).toBe('not finished within 200 ms');
    await until(() => closed);
  });

  it('that is not there is told by its address', async () => {
    const gone = await Listener.open();
    const { url } = gone;
    await gone.close();
    const error = await failure(target({ name: 'ops', kind: 'webhook', url }).send(messageSample(), never));
    expect(error.message).toContain('ECONNREFUSED 127.0.0.1');
  });
});

describe('a Slack-compatible target', () => {
  it('gets one text, by a URL that only its file knows', async () => {
    const secretFile = secret('url', `${server.url}/services/T0/B0/x\n`);
    const slack = target({ name: 'chat', kind: 'slack', secretFile });
    await slack.send(messageSample({}, 2), never);
    expect(server.heard[0]!.path).toBe('/services/T0/B0/x');
    expect(server.json()['text']).toBe(
      [
        '*[home] ALERT: 12 nodes: the node refuses our key (auth)*',
        'nodes: vps-1, vps-2 and 10 more',
        'seen: Permission denied (publickey)',
        'do: `syncctl health`',
        'since: 2026-01-01T00:00:00Z',
        'note: 2 earlier messages could not be delivered here',
      ].join('\n'),
    );
    expect(slack.place).not.toContain('T0');
  });

  it('gets text that mentions nobody and links nowhere', async () => {
    const evil =
      '<!channel> <@U1> @here <https://evil.example|click> [click](https://evil.example) `x` & *y*';
    const slack = target({ name: 'chat', kind: 'slack', url: server.url });
    await slack.send(messageSample({ evidence: evil, nodes: [evil, 'b'], summary: evil }), never);
    const text = String(server.json()['text']);
    expect(text).not.toMatch(/[<>]/u);
    expect(text).not.toMatch(/@(?!\u200b)/u);
    expect(text).not.toContain('](');
    expect(text).not.toContain('://');
    expect(slackEscape('a & b')).toBe('a &amp; b');
  });

  it('gets a command that can be copied, and that ends nowhere but at its end', async () => {
    const slack = target({ name: 'chat', kind: 'slack', url: server.url });
    await slack.send(messageSample({ remedy: 'ssh-copy-id root@10.0.0.1 `x`' }), never);
    expect(String(server.json()['text'])).toContain("do: `ssh-copy-id root@10.0.0.1 'x'`");
  });

  it('whose file holds no URL is told so, without what it holds', async () => {
    const slack = target({ name: 'chat', kind: 'slack', secretFile: secret('url', 'hunter2') });
    const { message } = await failure(slack.send(messageSample(), never));
    expect(message).toContain('expected an http or https URL');
    expect(message).not.toContain('hunter2');
  });
});

describe('an ntfy-compatible target', () => {
  it('gets title, text, priority and tags in one document, with its token', async () => {
    const ntfy = target({
      name: 'phone',
      kind: 'ntfy',
      url: `${server.url}/under/my-topic`,
      secretFile: secret('token', 'tk_1'),
    });
    await ntfy.send(messageSample({ nodes: ['größe', 'b'], count: 2 }), never);
    expect(server.heard[0]!.path).toBe('/under/');
    expect(server.heard[0]!.headers.authorization).toBe('Bearer tk_1');
    expect(server.json()).toEqual({
      topic: 'my-topic',
      title: '[home] ALERT: 12 nodes: the node refuses our key (auth)',
      message:
        '12 nodes: the node refuses our key (auth)\nnodes: größe, b\nseen: Permission denied (publickey)\ndo: syncctl health\nsince: 2026-01-01T00:00:00Z',
      priority: 4,
      tags: ['rotating_light'],
    });
    await ntfy.send(messageSample({ status: 'resolved' }), never);
    expect(server.json(1)).toMatchObject({ priority: 3, tags: ['white_check_mark'] });
  });
});
