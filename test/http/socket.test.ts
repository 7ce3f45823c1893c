import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectDaemon, SocketClient } from '../../src/contract/client.ts';
import { bodyLimit, routes } from '../../src/contract/routes.ts';
import { SyncError } from '../../src/lib/errors.ts';
import { serveSocket } from '../../src/http/socket-server.ts';
import { ControllerDouble, offline, refusal, verified } from '../cli/controller-double.ts';

const actor = { who: 'ada', reason: 'test' };

/** What a promise of nothing came to, as a value to compare. */
async function done(work: Promise<unknown>): Promise<string> {
  await work;
  return 'done';
}

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'run', 'syncctl.sock');
}

async function served(
  controller = new ControllerDouble(),
): Promise<{ controller: ControllerDouble; client: SocketClient; socket: string }> {
  const socket = await place();
  const server = await serveSocket({ socket, controller, version: '1.2.3', aliveMs: 5 });
  onTestFinished(() => server.close());
  return { controller, socket, client: new SocketClient(socket) };
}

/** A server that takes connections and says nothing. */
async function silent(
  socket: string,
  onConnection: (server: Server) => void = () => undefined,
): Promise<void> {
  const server = createServer(() => onConnection(server));
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.listen(socket, () => resolve(undefined));
  await promise;
  onTestFinished(() => void server.close());
}

async function raw(
  socket: string,
  options: { method: string; path: string; body?: string },
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request({ socketPath: socket, method: options.method, path: options.path }, (response) => {
    response
      .setEncoding('utf8')
      .toArray()
      .then((parts) => resolve({ status: response.statusCode ?? 0, text: parts.join('') }), reject);
  });
  sent.on('error', reject);
  sent.end(options.body);
  return promise;
}

describe('the controller behind the socket', () => {
  it('does everything the controller does, word for word', async () => {
    const { controller, client } = await served();
    controller.held.add('abc');
    const results = {
      push: await client.push({ nodes: ['a'], takeOver: true, actor }),
      pushAll: await client.push({
        nodes: undefined,
        takeOver: false,
        actor: { who: 'b', reason: undefined },
      }),
      reconcile: await client.reconcile(actor),
      plan: await client.plan({ nodes: ['a', 'b'], offline: true }),
      status: await client.status(),
      approve: await client.approve('abc', actor),
      pause: await done(client.pause(undefined, actor)),
      resume: await done(client.resume('a', actor)),
      takeTerm: await client.takeTerm(actor),
      removeNode: await client.removeNode({ node: 'a', abandon: true, dryRun: true, actor }),
      restoreNode: await done(client.restoreNode('a', actor)),
    };
    const direct = new ControllerDouble();
    direct.held.add('abc');
    expect(results).toEqual({
      push: await direct.push({ nodes: ['a'], takeOver: true, actor }),
      pushAll: await direct.push({
        nodes: undefined,
        takeOver: false,
        actor: { who: 'b', reason: undefined },
      }),
      reconcile: await direct.reconcile(actor),
      plan: await direct.plan({ nodes: ['a', 'b'], offline: true }),
      status: await direct.status(),
      approve: await direct.approve('abc', actor),
      pause: await done(direct.pause(undefined, actor)),
      resume: await done(direct.resume('a', actor)),
      takeTerm: await direct.takeTerm(actor),
      removeNode: await direct.removeNode({ node: 'a', abandon: true, dryRun: true, actor }),
      restoreNode: await done(direct.restoreNode('a', actor)),
    });
    expect(controller.asked).toEqual(direct.asked);
  });

  it('tells every node as it settles, before the sum', async () => {
    const { controller, client } = await served();
    controller.reports = [verified('a'), offline('b')];
    const gate = Promise.withResolvers<undefined>();
    controller.gate = gate.promise;
    const told: string[] = [];
    const both = Promise.withResolvers<undefined>();
    const pushing = client.push({ nodes: undefined, takeOver: false, actor }, (report) => {
      told.push(report.name);
      if (told.length === 2) both.resolve(undefined);
    });
    await both.promise;
    gate.resolve(undefined);
    expect((await pushing).nodes.map(({ name }) => name)).toEqual(told);
  });

  it.each([
    ['streamed', (client: SocketClient) => client.push({ nodes: undefined, takeOver: false, actor })],
    ['short', (client: SocketClient) => client.status()],
  ])('hands a refusal over whole on a %s answer: exit, sentence and remedy', async (_form, act) => {
    const { controller, client } = await served();
    controller.failure = refusal;
    await expect(act(client)).rejects.toMatchObject({
      exit: 'conflict',
      message: refusal.message,
      remedy: refusal.remedy,
    });
  });

  it('names a fault of the daemon without its stack', async () => {
    const { controller, client } = await served();
    controller.failure = new TypeError('x is not a function');
    const failure = await client.status().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      exit: 'internal',
      message: 'unexpected failure of the daemon: x is not a function',
    });
    expect(JSON.stringify(failure)).not.toContain('socket-server');
  });

  it('goes on with a push whose client has gone', async () => {
    const { controller, client, socket } = await served();
    const gate = Promise.withResolvers<undefined>();
    controller.gate = gate.promise;
    const settled = Promise.withResolvers<undefined>();
    const pushing = client.push({ nodes: undefined, takeOver: false, actor }, () =>
      settled.resolve(undefined),
    );
    await settled.promise;
    await client.close();
    await expect(pushing).rejects.toThrow('the request was given up');
    gate.resolve(undefined);
    expect((await new SocketClient(socket).status()).kind).toBe('ControllerStatus');
    expect(controller.done).toEqual(['push']);
  });
});

describe('the socket', () => {
  it('is reachable by its owner alone, in a closed folder', async () => {
    const { socket } = await served();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(socket, '..'))).mode & 0o777).toBe(0o700);
  });

  it('takes the place of one that an earlier run left behind, and goes with its server', async () => {
    const socket = await place();
    const first = await serveSocket({ socket, controller: new ControllerDouble(), version: '1' });
    await first.close();
    await writeFile(socket, 'left behind');
    const second = await serveSocket({ socket, controller: new ControllerDouble(), version: '2' });
    expect(await new SocketClient(socket).version()).toBe('2');
    await second.close();
    expect(await connectDaemon(socket)).toBeUndefined();
  });

  it.each([
    ['an unknown route', { method: 'GET', path: '/api/v1/nothing' }, 404],
    ['a wrong method', { method: 'GET', path: routes.push.path }, 405],
    ['a body that is no JSON', { method: 'POST', path: routes.push.path, body: '{' }, 400],
    [
      'an unknown field',
      { method: 'POST', path: routes.push.path, body: '{"takeOver":false,"actor":{"who":"a"},"x":1}' },
      400,
    ],
    ['a missing field', { method: 'POST', path: routes.approve.path, body: '{"actor":{"who":"a"}}' }, 400],
    ['a huge body', { method: 'POST', path: routes.approve.path, body: ' '.repeat(bodyLimit + 1) }, 413],
  ])('refuses %s and asks the controller nothing', async (_what, options, expected) => {
    const { controller, socket } = await served();
    const { status, text } = await raw(socket, options);
    expect(status).toBe(expected);
    expect(JSON.parse(text)).toMatchObject({ message: expect.stringContaining('expected') as unknown });
    expect(controller.asked).toEqual([]);
  });
});

describe('connecting to the daemon', () => {
  const quick = { connectMs: 200, answerMs: 200 };

  it('finds none where there is no socket', async () => {
    expect(await connectDaemon(await place())).toBeUndefined();
  });

  it('fails, and is not gone round, where a socket does not answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sock-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 's');
    await silent(socket);
    const failure = await connectDaemon(socket, quick).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SyncError);
    expect(failure).toMatchObject({
      exit: 'unavailable',
      remedy: expect.stringContaining('systemctl restart') as unknown,
    });
  });

  it('fails where nobody listens any more', async () => {
    const socket = await place();
    const server = await serveSocket({ socket, controller: new ControllerDouble(), version: '1' });
    const { link } = await import('node:fs/promises');
    const left = `${socket}.left`;
    await link(socket, left);
    await server.close();
    await expect(connectDaemon(left, quick)).rejects.toMatchObject({ exit: 'unavailable' });
  });

  it('fails where another kind of file stands in its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sock-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 's'), '');
    await expect(connectDaemon(join(folder, 's'))).rejects.toMatchObject({
      exit: 'unavailable',
      message: expect.stringContaining('another kind of file') as unknown,
    });
  });

  it.skipIf(process.getuid?.() === 0)(
    'says which right is missing (as root there is none to miss)',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sock-'));
      onTestFinished(async () => {
        await chmod(folder, 0o700);
        await rm(folder, { recursive: true, force: true });
      });
      await chmod(folder, 0);
      await expect(connectDaemon(join(folder, 's'))).rejects.toMatchObject({ exit: 'permission' });
    },
  );

  it('fails where the daemon falls silent in the middle of an answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sock-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 's');
    const server = createServer((wire) => {
      wire.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n11\r\n{"type":"alive"}\n\r\n',
      );
      wire.end();
    });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.listen(socket, () => resolve(undefined));
    await promise;
    onTestFinished(() => void server.close());
    await expect(
      new SocketClient(socket, quick).push({ nodes: undefined, takeOver: false, actor }),
    ).rejects.toMatchObject({ exit: 'unavailable' });
  });

  it('refuses an answer of another version', async () => {
    const controller = new ControllerDouble();
    controller.state = { kind: 'Other' } as never;
    const { client } = await served(controller);
    await expect(client.status()).rejects.toMatchObject({
      exit: 'unavailable',
      message: expect.stringContaining('answer of this version') as unknown,
    });
  });
});
