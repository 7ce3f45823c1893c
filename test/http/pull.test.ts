import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { routes } from '../../src/contract/routes.ts';
import { pullAddress } from '../../src/enrol/pull-address.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { certificateIn } from '../support/certificate.ts';
import { until } from '../e2e/rig.ts';
import { home, nonceOf, office, openPullDoor, type PullDoor } from './pull-door.ts';

const [a, b] = [nonceOf('a'), nonceOf('b')];
const receiptOf = (nonce: string): string => `\n{"sc":1,"nonce":"${nonce}"}\n`;

/** Has a node fetch a request; its exchange is still open. */
async function fetched(door: PullDoor, token: string, nonce = a) {
  const visit = door.visit({ token });
  await until('it waits', () => door.waits());
  const asked = door.ask(nonce);
  asked.catch(() => undefined);
  expect(await visit).toMatchObject({ status: 200, body: expect.stringContaining(` ${nonce} `) as string });
  return { asked };
}

describe('the listener for nodes', () => {
  it('holds a visit until there is something to do, and takes its receipt with the next one', async () => {
    const door = await openPullDoor();
    const token = await door.token();
    const { asked } = await fetched(door, token);
    const next = door.visit({ token, nonce: a, exit: '14', body: receiptOf(a) });
    expect(await asked).toMatchObject({ exitCode: 14, stdout: Buffer.from(receiptOf(a)) });
    const more = door.ask(b);
    expect((await next).body).toContain(` ${b} `);
    more.catch(() => undefined);
  });

  it('ends a visit with nothing to do after its time', async () => {
    const door = await openPullDoor({ hangMs: 50 });
    expect(await door.visit({ token: await door.token() })).toEqual({ status: 204, body: '' });
  });

  it('turns away whoever shows no token of a node, before anything else', async () => {
    const door = await openPullDoor();
    const token = await door.token();
    const wrong = [undefined, '', 'x', `scn_${'0'.repeat(64)}`, `sct_${'0'.repeat(64)}`, token.toUpperCase()];
    for (const shown of wrong)
      for (const method of ['POST', 'GET', 'DELETE'])
        expect([
          shown,
          (await door.visit({ ...(shown === undefined ? {} : { token: shown }), method })).status,
        ]).toEqual([shown, 401]);
    expect(door.visits.sightOf(home)).toBeUndefined();
    await door.tokens.revoke(home);
    expect((await door.visit({ token })).status).toBe(401);
  });

  it('serves no path of the API, whatever is shown', async () => {
    const door = await openPullDoor();
    const token = await door.token();
    const paths = [
      ...Object.values(routes).map(({ path }) => path),
      '/',
      '/metrics',
      '/livez',
      '/readyz',
      '/healthz',
      '/leader',
      '/pull/v1/',
      '/pull/v1?x=1',
    ];
    for (const path of paths)
      for (const method of ['GET', 'POST']) {
        expect([path, (await door.visit({ token, path, method })).status]).toEqual([path, 404]);
        expect([path, (await door.visit({ path, method })).status]).toEqual([path, 401]);
      }
    expect((await door.visit({ token, method: 'PUT' })).status).toBe(405);
  });

  it('takes the receipt of the request that was fetched, once, and from the node that fetched it', async () => {
    const door = await openPullDoor({ hangMs: 100 });
    const [token, other] = [await door.token(home), await door.token(office)];
    const { asked } = await fetched(door, token);
    expect(await door.visit({ token, nonce: b, body: receiptOf(b) })).toMatchObject({ status: 409 });
    expect(await door.visit({ token: other, nonce: a, body: receiptOf(a) })).toMatchObject({ status: 409 });
    expect(await door.visit({ token, nonce: a, body: receiptOf(a) })).toMatchObject({ status: 204 });
    expect(await asked).toMatchObject({ exitCode: 0 });
    // What was recorded on the way and is sent once more proves nothing.
    expect(await door.visit({ token, nonce: a, body: receiptOf(a) })).toMatchObject({ status: 409 });
  });

  it('reads nothing of a receipt that is too long, and nothing of one that names no request', async () => {
    const door = await openPullDoor();
    const token = await door.token();
    await fetched(door, token);
    const tooLong = 'x'.repeat(1_001);
    expect(await door.visit({ token, nonce: a, body: tooLong })).toMatchObject({ status: 413 });
    expect(await door.visit({ token, body: tooLong })).toMatchObject({ status: 400 });
    for (const [nonce, exit] of [
      ['short', '0'],
      [a, 'nine'],
      [a, '-1'],
      [a.toUpperCase(), '0'],
    ] as const)
      expect([nonce, exit, (await door.visit({ token, nonce, exit })).status]).toEqual([nonce, exit, 400]);
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await door.visit({ token, method: 'PATCH', headers: chunked })).status).toBe(405);
  });

  it('takes no part of a receipt that breaks off', async () => {
    const door = await openPullDoor();
    const token = await door.token();
    const { asked } = await fetched(door, token);
    const socket = await dialled(door.port);
    const head = `POST /pull/v1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nx-sync-nonce: ${a}\r\nx-sync-exit: 0\r\n`;
    socket.write(`${head}content-length: 500\r\n\r\n${receiptOf(a)}`);
    socket.destroy();
    // The node comes again with empty hands.
    const again = door.visit({ token });
    await expect(asked).rejects.toMatchObject({ causeClass: 'no_receipt' });
    const more = door.ask(b);
    more.catch(() => undefined);
    expect((await again).body).toContain(` ${b} `);
  });

  it('ends connections that say nothing, or say it drop by drop', { timeout: 60_000 }, async () => {
    const door = await openPullDoor();
    const silent = connectTcp(door.port, '127.0.0.1');
    const slow = await dialled(door.port);
    slow.write('POST /pull/v1 HTTP/1.1\r\n');
    const drops = setInterval(() => slow.write('x-drop: 1\r\n'), 300);
    slow.on('error', () => undefined);
    slow.resume();
    const ended = [silent, slow].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await Promise.all(ended);
    clearInterval(drops);
    expect((await door.visit({ token: 'x' })).status).toBe(401);
  });

  it('ends connections beyond what an address may open, before the handshake', async () => {
    const door = await openPullDoor({ connectionsPerMinute: 3 });
    const outcomes: unknown[] = [];
    for (let n = 0; n < 6; n += 1)
      outcomes.push(
        await door.visit({}).then(
          ({ status }) => status,
          () => 'cut',
        ),
      );
    expect(outcomes).toEqual([401, 401, 401, 'cut', 'cut', 'cut']);
  });

  it('lets nodes in while strangers keep coming, and ends none that waits', { timeout: 60_000 }, async () => {
    const door = await openPullDoor({ maxConnections: 40, connectionsPerMinute: 100_000 });
    const [token, other] = [await door.token(home), await door.token(office)];
    const waiting = door.visit({ token });
    await until('it waits', () => door.waits(home));
    // From many addresses, so that no count of one address ends it; some say nothing, some begin a request without a token.
    const flood = new Set<Socket>();
    let came = 0;
    const come = (): void => {
      const localAddress = `127.0.0.${String(2 + (came % 200))}`;
      const ends = { host: '127.0.0.1', port: door.port, localAddress };
      const isQuiet = (came += 1) % 2 === 0;
      const socket = isQuiet ? connectTcp(ends) : connect({ ...ends, rejectUnauthorized: false });
      if (!isQuiet) socket.write('POST /pull/v1 HTTP/1.1\r\nHost: x\r\n');
      flood.add(socket);
      socket
        .on('error', () => undefined)
        .once('close', () => {
          flood.delete(socket);
          if (!over) come();
        });
    };
    let over = false;
    onTestFinished(() => {
      over = true;
      for (const socket of flood) socket.destroy();
    });
    for (let count = 0; count < 60; count += 1) come();
    await until('strangers were ended for others', () => came > 200);
    let next = door.visit({ token: other });
    for (const nonce of ['1', '2', '3', '4', '5'].map(nonceOf)) {
      await until('the other one waits', () => door.waits(office));
      const asked = door.ask(nonce, office);
      asked.catch(() => undefined);
      expect(await next).toMatchObject({ status: 200, body: expect.stringContaining(nonce) as string });
      next = door.visit({ token: other, nonce, body: receiptOf(nonce) });
      expect(await asked).toMatchObject({ exitCode: 0 });
    }
    next.catch(() => undefined);
    const asked = door.ask(a, home);
    asked.catch(() => undefined);
    expect(await waiting).toMatchObject({ status: 200, body: expect.stringContaining(` ${a} `) as string });
  });

  it('speaks no TLS before 1.2', async () => {
    const door = await openPullDoor();
    const old = dialled(door.port, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await expect(old).rejects.toThrow();
    expect((await dialled(door.port, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
  });

  it('gives the line to join to the node alone, and only where it is registered to fetch', async () => {
    const door = await openPullDoor();
    const [token, other] = [await door.token(home), await door.token(office)];
    expect(await door.visit({ token, method: 'GET' })).toEqual({ status: 200, body: `join ${token}` });
    expect((await door.visit({ token: other, method: 'GET' })).status).toBe(404);
  });

  it('shows the key that curl is told to expect, and curl takes no other', async () => {
    const door = await openPullDoor({ hangMs: 50 });
    const token = await door.token();
    const settings = {
      ...settingsSchema.parse({}).pull,
      listen: `127.0.0.1:${String(door.port)}`,
      certificate: door.certificate,
    };
    const { url, pin = '' } = pullAddress(settings);
    const elsewhere = join(door.folder, 'other');
    mkdirSync(elsewhere);
    const wrong = pullAddress({ ...settings, certificate: certificateIn(elsewhere).certificate }).pin ?? '';
    expect(await curl(url, token, pin)).toEqual({ code: 0, out: '204' });
    // CURLE_SSL_PINNEDPUBKEYNOTMATCH: refused before the token leaves.
    expect(await curl(url, token, wrong)).toMatchObject({ code: 90 });
    expect(pullAddress({ ...settings, trust: 'system' }).pin).toBeUndefined();
  });

  it('is closed with everybody in it', async () => {
    const door = await openPullDoor();
    const visit = door.visit({ token: await door.token() }).then(
      ({ status }) => status,
      () => 'cut',
    );
    await until('it waits', () => door.waits());
    await door.server.close();
    expect(await visit).toBe('cut');
  });
});

async function dialled(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function curl(url: string, token: string, pin: string): Promise<{ code: unknown; out: string }> {
  const words = [
    '-sS',
    '-k',
    '--pinnedpubkey',
    pin,
    '-H',
    '@-',
    '-X',
    'POST',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
  ];
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; out: string }>();
  const child = execFile('curl', [...words, `${url}/pull/v1`], (error, stdout) => {
    resolve({ code: error === null ? 0 : error.code, out: stdout });
  });
  child.stdin?.end(`Authorization: Bearer ${token}\n`);
  return promise;
}
