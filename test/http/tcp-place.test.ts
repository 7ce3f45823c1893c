import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { status } from '../cli/controller-double.ts';
import { certificateIn } from '../support/certificate.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { openDoor } from './door.ts';

describe('the probes', () => {
  it.each([
    [{}, 200, 200],
    [{ standing: 'paused' }, 200, 503],
    [{ standing: 'reasserting' }, 200, 503],
    [{ standing: 'rival' }, 503, 503],
    [{ standing: 'no-term' }, 503, 503],
    [{ source: { ...status().source, state: 'none' } }, 503, 200],
    [{ store: { reason: 'damaged', remedy: 'x' } }, 503, 200],
  ] as const)(
    'tell %j by their codes, without a token and nothing of the fleet',
    async (changes, ready, leader) => {
      const door = await openDoor();
      door.controller.state = status(changes);
      const codes = await Promise.all(
        ['/livez', '/readyz', '/healthz', '/leader'].map(async (path) => (await door.ask(path)).status),
      );
      expect(codes).toEqual([200, ready, ready, leader]);
      const verbose = await (await door.ask('/readyz?verbose')).text();
      expect(verbose).toMatch(/^(?:\[[+-]\]\w+ (?:ok|failed)\n){3}$/u);
    },
  );
});

describe('/metrics', () => {
  const scrape = () => Promise.resolve({ contentType: 'text/plain', body: 'up 1\n' });

  it.each([
    ['for any token', { open: false, scrape }, 401, 200],
    ['for everybody', { open: true, scrape }, 200, 200],
    ['for nobody', undefined, 404, 404],
  ] as const)('is there %s where the settings say so', async (_who, metrics, without, withToken) => {
    const door = await openDoor({}, { metrics });
    const token = await door.token('viewer');
    expect((await door.ask('/metrics')).status).toBe(without);
    expect((await door.ask('/metrics', { token })).status).toBe(withToken);
  });
});

describe('a place that cannot be had', () => {
  it('is told and tried again, and does not keep the daemon from anything', async () => {
    const taken = createServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    taken.listen(0, '127.0.0.1', () => {
      const address = taken.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
    const port = await promise;
    const clock = new ManualClock();
    const door = await openDoor({ listen: `127.0.0.1:${String(port)}` }, { clock });
    expect(door.server.url()).toBeUndefined();
    expect(door.said).toMatchObject([
      { level: 'error', text: expect.stringContaining('tried again') as unknown },
    ]);
    const freed = Promise.withResolvers<undefined>();
    taken.close(() => {
      freed.resolve(undefined);
    });
    await freed.promise;
    await clock.advance(30_000);
    await expect.poll(() => door.server.url()).toBe(`http://127.0.0.1:${String(port)}`);
    expect((await door.ask('/livez')).status).toBe(200);
  });

  it('may be a certificate that is not there yet', async () => {
    const door = await openDoor(
      { certificate: '/nowhere/cert.pem', key: '/nowhere/key.pem' },
      { clock: new ManualClock() },
    );
    expect(door.server.url()).toBeUndefined();
    expect(door.said[0]?.level).toBe('error');
  });
});

describe('with a durable.db that cannot be used', () => {
  it('nobody can be told apart: everybody is refused, with the remedy', async () => {
    const door = await openDoor();
    const token = await door.token('admin');
    door.loseStore();
    const response = await door.ask('/api/v1/status', { token });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      exit: 'unavailable',
      message: expect.stringContaining('durable.db') as unknown,
    });
    expect(door.controller.asked).toEqual([]);
    expect((await door.ask('/livez')).status).toBe(200);
  });
});

describe('with a certificate', () => {
  const inFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    return folder;
  };

  it('speaks TLS and nothing else', async () => {
    const door = await openDoor(certificateIn(inFolder()));
    expect(door.url).toMatch(/^https:/u);
    expect((await shownAt(door.url)).status).toBe(200);
    await expect(fetch(`${door.url.replace('https', 'http')}/livez`)).rejects.toThrow();
  });

  it('shows a renewed one without a restart, and the old one while half of the new pair is missing', async () => {
    const [clock, files] = [new ManualClock(), certificateIn(inFolder())];
    const door = await openDoor(files, { clock });
    const before = (await shownAt(door.url)).fingerprint;
    const renewed = certificateIn(inFolder());
    copyFileSync(renewed.certificate, files.certificate);
    await clock.advance(60_000);
    await expect.poll(() => door.said.at(-1)?.text).toContain('the old one stays');
    const told = door.said.length;
    await clock.advance(60_000);
    expect(door.said).toHaveLength(told);
    expect((await shownAt(door.url)).fingerprint).toBe(before);
    copyFileSync(renewed.key, files.key);
    await clock.advance(60_000);
    await expect.poll(() => door.said.at(-1)?.text).toContain('renewed certificate is shown');
    expect((await shownAt(door.url)).fingerprint).not.toBe(before);
    rmSync(files.key);
    await clock.advance(60_000);
    await expect.poll(() => door.said.at(-1)?.text).toContain('the old one stays');
    expect((await shownAt(door.url)).status).toBe(200);
  });
});

/** What a probe answers over TLS, and the certificate that it has shown. */
async function shownAt(url: string): Promise<{ readonly status: number; readonly fingerprint: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; fingerprint: string }>();
  const asked = httpsRequest(`${url}/livez`, { rejectUnauthorized: false, agent: false }, (response) => {
    response.resume();
    const { socket, statusCode = 0 } = response;
    const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : 'none';
    resolve({ status: statusCode, fingerprint: shown });
  });
  asked.on('error', reject).end();
  return promise;
}
