import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { classifyExit } from '../../src/transport/exit.ts';
import type { Endpoint, Transport } from '../../src/transport/transport.ts';
import { ask, failureOf, run } from './rig.ts';
import type { Adapter, Rig } from './rig.ts';

/** What every way to a node promises of one exchange, whatever it is made of. */
export function transportContract(
  start: () => Promise<Rig>,
  adapter: Adapter = { seesExitApart: true },
): void {
  let rig: Rig;
  let transports: Transport[] = [];
  let endpoint: Endpoint;
  beforeAll(async () => {
    rig = await start();
    endpoint = rig.endpoint;
  });
  afterAll(() => rig.stop());
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    transports = [];
  });
  const make: Rig['make'] = (settings) => {
    const transport = rig.make(settings);
    transports.push(transport);
    return transport;
  };

  describe('an exchange', () => {
    it.each([0, 1, 5_000, 65_536, 65_537, 4_194_304])(
      'carries %i bytes to the program and back, each as it was',
      async (length) => {
        const body = randomBytes(length);
        const result = await run(make({}), endpoint, ask('echo', { body, maxOutputBytes: 5_000_000 }));
        expect(result.exitCode).toBe(0);
        expect(result.stdout.equals(body)).toBe(true);
      },
    );

    it.each([0, 3, 10, 16, 60, 127])('reports exit code %i as it is', async (code) => {
      expect((await run(make({}), endpoint, ask(`exit ${String(code)}`))).exitCode).toBe(code);
    });

    it('prefers the exit code of a program that does not read its input', async () => {
      const result = await run(make({}), endpoint, ask('exit 21', { body: Buffer.alloc(4_194_304) }));
      expect(result.exitCode).toBe(21);
    });

    it('keeps 4 KB of talk and drains megabytes of it', async () => {
      const result = await run(make({}), endpoint, ask('mutter 5000000'));
      expect(result.exitCode).toBe(0);
      expect(result.stderr).toBe('e'.repeat(4_096));
    });

    it('takes terminal escapes out of talk', async () => {
      expect((await run(make({}), endpoint, ask('paint'))).stderr).toBe('\ufffd[2Jred');
    });

    it('fails when a program says more than may be kept', async () => {
      const failure = await failureOf(
        run(make({}), endpoint, ask('noise 2000000', { maxOutputBytes: 1_000_000 })),
      );
      expect(failure).toMatchObject({ causeClass: 'no_receipt', started: true, reached: true });
      expect(failure.message).toContain('1000000 bytes');
    });

    it('leaves a killed program without an exit code, which never reads as success', async () => {
      const result = await run(make({}), endpoint, ask('die'));
      expect(result.exitCode).toBeUndefined();
      expect(classifyExit(result)?.cause).toBe('no_receipt');
    });

    if (adapter.seesExitApart) {
      it('ends with the program although a child of it holds the output open', async () => {
        const result = await run(make({ closeGraceMs: 100 }), endpoint, ask('linger'));
        expect(result.exitCode).toBe(0);
        expect(result.stdout.toString()).toBe('lingering\n');
      });
    } else {
      it('ends at the deadline where a child of the program holds the output open', async () => {
        const failure = await failureOf(run(make({}), endpoint, ask('linger', { deadlineMs: 1_500 })));
        expect(failure).toMatchObject({ causeClass: 'deadline', started: true });
      });
    }

    it('keeps the answers of exchanges that run at once apart', async () => {
      const transport = make({});
      const bodies = Array.from({ length: 12 }, (_, index) => Buffer.from(`answer ${String(index)}`));
      const results = await Promise.all(
        bodies.map((body) => run(transport, endpoint, ask('echo', { body }))),
      );
      expect(results.map((result) => result.stdout.toString())).toEqual(bodies.map(String));
    });
  });

  describe('a limit', () => {
    it.each(['silent', 'hush'])('ends an exchange whose program stays %s at the deadline', async (verb) => {
      const failure = await failureOf(run(make({}), endpoint, ask(verb, { deadlineMs: 1_500 })));
      expect(failure).toMatchObject({ causeClass: 'deadline', started: true, reached: true });
    });

    it('ends an exchange whose program stops reading', async () => {
      const exchange = ask('deaf', { body: Buffer.alloc(4_194_304) });
      const failure = await failureOf(run(make({ stallMs: 300 }), endpoint, exchange));
      expect(failure).toMatchObject({ causeClass: 'stalled_write', started: true, reached: true });
      expect(failure.message).toContain('of 4194309 bytes');
    });

    it('works again after an exchange that ran out of time', async () => {
      const transport = make({});
      await failureOf(run(transport, endpoint, ask('silent', { deadlineMs: 800 })));
      expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(0);
    });

    it("rejects with the caller's reason, before and during an exchange", async () => {
      const transport = make({});
      const reason = new Error('no longer wanted');
      const early = transport.exchange(endpoint, ask('exit 0'), AbortSignal.abort(reason));
      await expect(early).rejects.toBe(reason);
      const controller = new AbortController();
      const before = await rig.starts();
      const running = transport.exchange(endpoint, ask('silent'), controller.signal);
      running.catch(() => undefined);
      await expect.poll(() => rig.starts(), { timeout: 10_000 }).toBeGreaterThan(before);
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
    });
  });

  describe('closing', () => {
    it('ends a running exchange with an unknown outcome', async () => {
      const transport = make({});
      const before = await rig.starts();
      const running = failureOf(run(transport, endpoint, ask('silent')));
      await expect.poll(() => rig.starts(), { timeout: 10_000 }).toBeGreaterThan(before);
      await transport.close();
      expect(await running).toMatchObject({ causeClass: 'connection_lost', started: true });
    });

    it('may be called twice and without an exchange', async () => {
      const transport = make({});
      await transport.close();
      await transport.close();
    });
  });

  it.each([
    { user: '-oProxyCommand=touch /tmp/owned' },
    { user: 'node space' },
    { user: '' },
    { user: 'a;id' },
    { host: '-oProxyCommand=id' },
    { host: '10.0.0.1 -x' },
    { host: '$(id)' },
    { port: 0 },
    { port: 65_536 },
  ])('B18: refuses %o before anything is opened or started', async (changes) => {
    const before = await rig.starts();
    const failure = await failureOf(run(make({}), { ...endpoint, ...changes }, ask('exit 0')));
    expect(failure).toMatchObject({ causeClass: 'quarantined', started: false, reached: false });
    expect(await rig.starts()).toBe(before);
  });
}
