import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Flag } from '../../src/wire/request.ts';
import { hostsBlock, NodeRoot, routesFile, sha, type Ask } from './harness.ts';

let node: NodeRoot;
const servers: (Server | TcpServer)[] = [];

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', '127.0.0.1 localhost\n');
});

afterEach(() => {
  node.remove();
  for (const server of servers.splice(0)) server.close();
});

const check: Ask = { mode: 'check', epoch: 0, seq: 0 };

/** Every path of the node with what it is: a check must not change a line of it. */
function everything(): readonly string[] {
  return readdirSync(node.dir, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const stat = lstatSync(join(node.dir, name), { bigint: true });
      const content = stat.isFile() ? sha(readFileSync(join(node.dir, name))) : '';
      return `${name} ${String(stat.ino)} ${String(stat.mode)} ${String(stat.mtimeNs)} ${String(stat.ctimeNs)} ${content}`;
    });
}

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const http = (answer: RequestListener) => listen(createServer(answer));

/** A routes file is installed, and its target says where the consumer is. */
async function traefik(
  keys: Readonly<Record<string, string>>,
  names: readonly string[] = ['demo', 'chat'],
): Promise<void> {
  node.target('traefik-routes', {
    shape: 'file',
    path: '/srv/traefik/routes.yml',
    check: 'traefik-routes',
    ...keys,
  });
  await node.ask({ kind: 'traefik-routes', document: routesFile(names) });
}

const look = (...flags: readonly string[]) =>
  node.ask({ ...check, kind: 'traefik-routes', flags: flags as readonly Flag[] });

describe('check', () => {
  it('writes nothing on a node that was never pushed to', async () => {
    const before = everything();
    expect(await node.ask(check)).toMatchObject({
      result: 'CHECKED',
      code: 0,
      first: true,
      fence: null,
      installed: null,
      owner: null,
      after: { sha: 'absent', size: 0 },
    });
    expect(everything()).toEqual(before);
  });

  it('writes nothing on a node with blocks, records and leftovers of a crash', async () => {
    await node.ask({ document: hostsBlock(['10.0.0.1\ta.b.local']) });
    await node.run(
      { document: hostsBlock(['10.0.0.2\ta.b.local']), seq: 2 },
      { env: { SC_TEST_CRASH_AT: 'fenced' } },
    );
    const before = everything();
    await node.ask({ ...check, flags: ['content'] });
    expect(everything()).toEqual(before);
  });

  it('answers any epoch and any writer, and raises no fence', async () => {
    await node.ask({ document: hostsBlock([]), epoch: 7 });
    for (const epoch of [0, 1, 7, 900]) {
      expect(await node.ask({ mode: 'check', epoch, seq: 0, writer: 'anybody00' })).toMatchObject({
        result: 'CHECKED',
        fence: { epoch: 7 },
      });
    }
  });

  it('returns the managed bytes, and only them', async () => {
    const document = hostsBlock(['10.0.0.1\ta.b.local']);
    await node.ask({ document });
    const receipt = await node.ask({ ...check, flags: ['content'] });
    expect(receipt.bodies.get('content')?.toString()).toBe(document);
    expect(receipt.after).toEqual({ sha: sha(document), size: document.length });
  });

  it('tells drift by the digest rung, and a block that no longer parses by the parsed rung', async () => {
    await node.ask({ document: hostsBlock(['10.0.0.1\ta.b.local']) });
    expect((await node.ask(check)).rungs).toMatchObject({ digest: 'ok', parsed: 'ok' });
    node.write('etc/hosts', hostsBlock(['10.0.0.9\ta.b.local']));
    expect((await node.ask(check)).rungs).toMatchObject({ digest: 'bad', parsed: 'ok' });
    for (const bad of ['10.0.0.9 a.b.local', '', '10.0.0.1\tlocalhost']) {
      node.write('etc/hosts', hostsBlock([bad]));
      expect((await node.ask(check)).rungs).toMatchObject({ digest: 'bad', parsed: 'bad' });
    }
    node.write('etc/hosts', '127.0.0.1 localhost\n');
    expect((await node.ask(check)).rungs).toEqual({ digest: 'bad' });
  });

  it('has no resolver rung below --root, and says so instead of guessing', async () => {
    expect((await node.ask({ document: hostsBlock(['10.0.0.1\ta.b.local']) })).rungs['resolves']).toBe(
      'none',
    );
  });

  it('reads a file that is no text by its digest', async () => {
    node.mkdir('srv/traefik');
    const bytes = Buffer.from('a\0b\0c');
    node.write('srv/traefik/routes.yml', bytes);
    expect(await look('content')).toMatchObject({
      after: { sha: sha(bytes), size: 5 },
      rungs: { parsed: 'bad' },
    });
  });
});

describe('the raw rung', () => {
  it('brings what the consumer says', async () => {
    const said = JSON.stringify({ routers: { 'demo@file': { rule: 'Host(`demo.example.com`)' } } });
    const port = await http((request, response) =>
      response.end(request.url === '/api/rawdata' ? said : 'wrong path'),
    );
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    const receipt = await look('raw', 'content');
    expect(receipt.rungs['raw']).toBe('ok');
    expect(receipt.bodies.get('raw')?.toString()).toBe(said);
    expect(receipt.bodies.get('content')?.toString()).toBe(routesFile(['demo', 'chat']));
  });

  it('is left out when it was not asked for, and none where the node has no such address', async () => {
    await traefik({});
    expect((await look()).rungs['raw']).toBe(undefined);
    expect((await look('raw')).rungs['raw']).toBe('none');
  });

  it('is down when nothing listens', async () => {
    const port = await listen(createTcpServer());
    servers.splice(0)[0]?.close();
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    expect((await look('raw')).rungs['raw']).toBe('down');
  });

  it('is down when something accepts and never answers, within the deadline', async () => {
    const port = await listen(createTcpServer());
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    const receipt = await node.ask({ ...check, kind: 'traefik-routes', flags: ['raw'], deadlineMs: 700 });
    expect(receipt.rungs['raw']).toBe('down');
  });

  it('is down when what answers is no HTTP', async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.end('hello\n');
        socket.on('error', () => undefined);
      }),
    );
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    expect((await look('raw')).rungs['raw']).toBe('down');
  });

  it('is bad when the consumer answers an error', async () => {
    const port = await http((_request, response) => {
      response.statusCode = 404;
      response.end();
    });
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    const receipt = await look('raw');
    expect({ rung: receipt.rungs['raw'], text: receipt.text }).toEqual({
      rung: 'bad',
      text: expect.stringContaining('404') as string,
    });
  });

  it('is bad when the answer is longer than 4 MiB, and brings nothing of it', async () => {
    const port = await http((_request, response) => response.end(`{"x":"${'y'.repeat(4_300_000)}"}`));
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    const receipt = await look('raw');
    expect({ rung: receipt.rungs['raw'], body: receipt.bodies.get('raw') }).toEqual({
      rung: 'bad',
      body: undefined,
    });
  });

  it('brings an answer of nearly 4 MiB whole', async () => {
    const said = `{"x":"${'y'.repeat(4_000_000)}"}`;
    const port = await http((_request, response) => response.end(said));
    await traefik({ raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    expect((await look('raw')).bodies.get('raw')?.toString()).toBe(said);
  });
});

describe('the answers rung', () => {
  const traefik404 = '404 page not found\n';
  const missing: RequestListener = (_request, response) => {
    response.statusCode = 404;
    response.end(traefik404);
  };

  it('asks every host of the installed file by its own name', async () => {
    const asked: string[] = [];
    const port = await http((request, response) => {
      asked.push(request.headers.host ?? '');
      response.end('hello');
    });
    await traefik({ web_port: String(port) });
    expect((await look('answers')).rungs['answers']).toBe('ok');
    expect(asked.toSorted()).toEqual([
      `chat.example.com:${String(port)}`,
      `demo.example.com:${String(port)}`,
    ]);
  });

  it('is bad when the proxy answers its own 404 for every host', async () => {
    await traefik({ web_port: String(await http(missing)) });
    expect((await look('answers')).rungs['answers']).toBe('bad');
  });

  it('is ok when one host is served, or a backend answers a 404 of its own', async () => {
    await traefik({
      web_port: String(
        await http((request, response) => {
          if (request.headers.host?.startsWith('chat')) response.end('x');
          else missing(request, response);
        }),
      ),
    });
    expect((await look('answers')).rungs['answers']).toBe('ok');
    await traefik({
      web_port: String(
        await http((_request, response) => {
          response.statusCode = 404;
          response.end('{"error":"no such page here"}');
        }),
      ),
    });
    expect((await look('answers')).rungs['answers']).toBe('ok');
  });

  it('is down when nothing listens, and none where the node has no port', async () => {
    await traefik({ web_port: '1' });
    expect((await look('answers')).rungs['answers']).toBe('down');
    await traefik({});
    expect((await look('answers')).rungs['answers']).toBe('none');
  });

  it('is asked with the flag answers, or with raw on a node without an API, and else left out', async () => {
    const port = await http((_request, response) => response.end('{}'));
    await traefik({ web_port: String(port), raw_url: `http://127.0.0.1:${String(port)}/api/rawdata` });
    expect((await look('raw')).rungs['answers']).toBe(undefined);
    expect((await look('raw', 'answers')).rungs).toMatchObject({ raw: 'ok', answers: 'ok' });
    await traefik({ web_port: String(port) });
    expect((await look('raw')).rungs).toMatchObject({ raw: 'none', answers: 'ok' });
    expect((await look()).rungs['answers']).toBe(undefined);
  });

  it('asks at most 50 hosts', async () => {
    let asked = 0;
    const port = await http((_request, response) => {
      asked += 1;
      response.end('x');
    });
    await traefik(
      { web_port: String(port) },
      Array.from({ length: 60 }, (_, at) => `s${String(at)}`),
    );
    expect((await look('answers')).rungs['answers']).toBe('ok');
    expect(asked).toBe(50);
  });
});
