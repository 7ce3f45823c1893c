import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareCaddy } from '../../src/plan/compare-caddy.ts';
import { caddyBundle } from '../../src/plan/render-caddy.ts';
import type { Receipt } from '../../src/wire/receipt.ts';
import { hasProgram, startProgram, type Running } from '../support/programs.ts';
import { cluster, NodeRoot, player } from './harness.ts';

const file = 'srv/caddy/sync-controller.caddy';
const route = (name: string, upstream = '10.0.0.1:80') => ({
  host: `${name}.example.org`,
  backend: name,
  upstream,
});
const bytesOf = (...routes: readonly ReturnType<typeof route>[]): string =>
  caddyBundle(cluster, routes).bytes;
const good = bytesOf(route('chat'), route('demo', '[fd7a::1]:8080'));

describe('a file of routes for Caddy', () => {
  const node = new NodeRoot().enrol();
  let seq = 0;
  afterAll(() => {
    node.remove();
  });
  const judged = async (document: string): Promise<Receipt> => {
    seq += 1;
    return node.ask({ kind: 'caddy-routes', document: Buffer.from(document, 'latin1'), seq });
  };

  it.each([
    ['with sites', good],
    ['of comments only', bytesOf()],
    ['of five hundred sites', bytesOf(...Array.from({ length: 500 }, (_, at) => route(`n${String(at)}`)))],
  ])('%s is accepted', async (_name, document) => {
    expect(await judged(document)).toMatchObject({ result: 'INSTALLED' });
    expect(node.read(file)?.toString()).toBe(document);
  });

  const upstream = '\treverse_proxy 10.0.0.1:80';
  const site = 'chat.example.org {';
  it.each([
    ['without our title', good.replace(`# sync-controller caddy ${cluster}`, '# mine')],
    ['of another cluster', good.replaceAll(cluster, 'cluster-bbbb')],
    ['with the mark of another cluster', good.replace(`${cluster}/chat`, 'cluster-bbbb/chat')],
    ['without a mark', good.replace(`\tvars sync_controller ${cluster}/chat\n`, '')],
    ['with two marks', good.replace(upstream, `\tvars sync_controller ${cluster}/chat\n${upstream}`)],
    ['with a directive of its own', good.replace(upstream, `\troot * /\n\tfile_server\n${upstream}`)],
    ['with a directive in the place of the upstream', good.replace(upstream, '\tfile_server browse')],
    ['with an upstream of a name', good.replace('10.0.0.1:80', 'localhost:80')],
    ['with an upstream of the loopback by a socket', good.replace('10.0.0.1:80', 'unix//run/x.sock')],
    ['with two upstreams', good.replace('10.0.0.1:80', '10.0.0.1:80 10.0.0.2:80')],
    ['with an upstream without a port', good.replace('10.0.0.1:80', '10.0.0.1')],
    ['with an upstream of port 0', good.replace('10.0.0.1:80', '10.0.0.1:0')],
    ['with an upstream of a scheme', good.replace('10.0.0.1:80', 'https://10.0.0.1:80')],
    ['with options of the upstream', good.replace(upstream, `${upstream} {\n\t\theader_up X y\n\t}`)],
    ['with a placeholder', good.replace('chat.example.org', '{env.HOME}.example.org')],
    ['with a variable of the environment', good.replace('chat.example.org', '{$HOME}.example.org')],
    ['with a wildcard site', good.replace('chat.example.org', '*.example.org')],
    ['with a site for every host', good.replace('chat.example.org', ':443')],
    ['with a site of a scheme', good.replace('chat.example.org', 'http://chat.example.org')],
    ['with a site of a port', good.replace('chat.example.org', 'chat.example.org:8443')],
    ['with a site of a path', good.replace('chat.example.org', 'chat.example.org/admin')],
    ['with two names for a site', good.replace(site, 'chat.example.org, x.example.org {')],
    ['with a site of one word, which could be a directive', good.replace('chat.example.org', 'import')],
    ['with a site twice', good.replace('demo.example.org', 'chat.example.org')],
    ['with global options', good.replace(site, `{\n\tadmin off\n}\n${site}`)],
    ['with an import', good.replace(site, `import /etc/passwd\n${site}`)],
    ['with a snippet', good.replace(site, `(x) {\n}\n${site}`)],
    ['with a site that is not ended', good.replace(`${upstream}\n}`, upstream)],
    ['with a brace too many', `${good}}\n`],
    ['with a site in one line', `${bytesOf()}a.example.org { 10.0.0.1:80\n}\n`],
    ['with blanks for tabs', good.replaceAll('\t', '    ')],
    ['with an empty line', good.replace(site, `\n${site}`)],
    ['with a comment inside a site', good.replace(upstream, `# x\n${upstream}`)],
    ['with a comment behind a value', good.replace('10.0.0.1:80', '10.0.0.1:80 # x')],
    ['with quotes', good.replace('10.0.0.1:80', '"10.0.0.1:80"')],
    ['with backquotes', good.replace('10.0.0.1:80', '`10.0.0.1:80`')],
    ['with a line that goes on', good.replace('10.0.0.1:80', '10.0.0.1:80 \\')],
    ['with the marks of our own check', good.replace(`${cluster}/chat`, `${cluster}/c<h|a>t`)],
    ['with a template', good.replace('# To', '# {{ x }} To')],
    ['with a service of other letters', good.replace('/chat', '/../chat')],
    ['with a carriage return', good.replaceAll('\n', '\r\n')],
    ['with a terminal escape', good.replace('# To', '# \x1b]0;x\x07')],
    ['with a byte above 127', good.replace('chat.', 'ch\xe4t.')],
    ['whose last line is not ended', good.trimEnd()],
    ['of JSON', '{"apps":{}}\n'],
    ['of nothing but a newline', '\n'],
  ])('%s is refused, and the old file stays', async (_name, document) => {
    await judged(good);
    expect(document).not.toBe(good);
    expect(await judged(document)).toMatchObject({ result: 'INVALID' });
    expect(node.read(file)?.toString()).toBe(good);
  });

  it('is withdrawn to comments, which stay a valid file, or to none at all', async () => {
    await judged(good);
    expect((await judged(bytesOf())).result).toBe('INSTALLED');
    expect(node.read(file)?.toString()).not.toContain('{');
    expect(await judged('')).toMatchObject({ result: 'INSTALLED', after: { sha: 'absent' } });
  });
});

describe.skipIf(!hasProgram('caddy') || !hasProgram('curl'))('the rungs of a real Caddy', () => {
  const node = new NodeRoot().enrol();
  let caddy: Running;
  let backend: Server;
  let upstream = '';
  let seq = 0;
  const ports = { admin: 0, web: 0, websecure: 0 };
  const main = 'srv/caddy/Caddyfile';

  beforeAll(async () => {
    backend = createServer((_request, response) => response.end('here'));
    upstream = `127.0.0.1:${String(await listening(backend))}`;
    for (const name of ['admin', 'web', 'websecure'] as const) ports[name] = await freePort();
    caddyfile('');
    describeTarget({});
    // Below --root programs lie below it, too.
    const script = (name: string, body: string): void => {
      node.write(`usr/bin/${name}`, `#!/bin/sh\n${body}\n`);
      chmodSync(node.path(`usr/bin/${name}`), 0o755);
    };
    script(
      'reload-caddy',
      `HOME=${node.dir} exec caddy reload --config ${node.path(main)} --adapter caddyfile`,
    );
    script(
      'probe-caddy',
      `exec curl -q -s -f -m 2 -o /dev/null http://127.0.0.1:${String(ports.admin)}/config/`,
    );
    await start();
  });
  afterAll(async () => {
    backend.close();
    await caddy.stop();
    node.remove();
  });

  function describeTarget(keys: Readonly<Record<string, string>>): void {
    node.target('caddy-routes', {
      shape: 'file',
      path: `/${file}`,
      temp: '/var/lib/sync-controller/tmp',
      check: 'caddy-routes',
      raw_url: `http://127.0.0.1:${String(ports.admin)}/config/`,
      web_port: String(ports.web),
      websecure_port: String(ports.websecure),
      reload: '/usr/bin/reload-caddy',
      probe: '/usr/bin/probe-caddy',
      ...keys,
    });
  }

  async function listening(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function freePort(): Promise<number> {
    const server = createServer();
    const port = await listening(server);
    server.close();
    return port;
  }

  function caddyfile(more: string, certificates = 'local_certs'): void {
    const options = [
      `admin 127.0.0.1:${String(ports.admin)}`,
      `http_port ${String(ports.web)}`,
      `https_port ${String(ports.websecure)}`,
      certificates,
      'skip_install_trust',
      'default_bind 127.0.0.1',
      `storage file_system ${node.path('var/caddy')}`,
    ];
    node.write(
      main,
      `{\n\t${options.join('\n\t')}\n}\nhttp:// {\n\trespond 404\n}\n${more}\nimport sync-controller*.caddy\n`,
    );
  }

  async function start(): Promise<void> {
    caddy = startProgram(['caddy', 'run', '--config', node.path(main), '--adapter', 'caddyfile'], {
      ...player,
      env: { HOME: node.dir },
    });
    const end = performance.now() + 30_000;
    while (!caddy.said().includes('serving initial configuration')) {
      if (performance.now() > end) throw new Error(`caddy does not start: ${caddy.said()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const apply = (routes: readonly ReturnType<typeof route>[], more: object = {}): Promise<Receipt> => {
    seq += 1;
    return node.ask({ kind: 'caddy-routes', document: bytesOf(...routes), seq, ...more });
  };
  const look = (): Promise<Receipt> =>
    node.ask({ mode: 'check', epoch: 0, seq: 0, kind: 'caddy-routes', flags: ['raw', 'answers'] });
  const compared = (receipt: Receipt, routes: readonly ReturnType<typeof route>[]) =>
    compareCaddy(caddyBundle(cluster, routes).expectation, receipt.bodies.get('raw') ?? Buffer.alloc(0));

  it('are ok once the reload has loaded the routes, and a request reaches the backend', async () => {
    const routes = [route('demo', upstream), route('chat', upstream)];
    expect(await apply(routes)).toMatchObject({ result: 'INSTALLED', text: '' });
    const receipt = await look();
    expect(receipt).toMatchObject({ rungs: { raw: 'ok', answers: 'ok' }, text: '' });
    expect(compared(receipt, routes)).toEqual({ agrees: true });
  });

  it('tell another upstream and a route that is left over', async () => {
    const receipt = await look();
    expect(compared(receipt, [route('demo', '10.9.9.9:80'), route('chat', upstream)])).toMatchObject({
      agrees: false,
      evidence: expect.stringContaining('demo.example.org') as string,
    });
    expect(compared(receipt, [route('demo', upstream)])).toMatchObject({
      agrees: false,
      evidence: expect.stringContaining('chat.example.org is still loaded') as string,
    });
    expect(
      compared(receipt, [route('demo', upstream), route('chat', upstream), route('new', upstream)]),
    ).toMatchObject({
      agrees: false,
      evidence: expect.stringContaining('got none') as string,
    });
  });

  it('a withdrawal to comments only is loaded, too', async () => {
    expect(await apply([])).toMatchObject({ result: 'INSTALLED' });
    const receipt = await look();
    expect(receipt).toMatchObject({ rungs: { raw: 'ok', answers: 'ok' } });
    expect(compared(receipt, [])).toEqual({ agrees: true });
  });

  it('a file that contradicts the rest of the Caddyfile is rejected, says why, and the fallback stays', async () => {
    await apply([route('demo', upstream)]);
    caddyfile('taken.example.org {\n\trespond 200\n}\n');
    const receipt = await apply([route('demo', upstream), route('taken', upstream)], {
      fallback: bytesOf(route('demo', upstream)),
    });
    expect(receipt).toMatchObject({
      result: 'RESTORED',
      text: expect.stringContaining('taken.example.org') as string,
    });
    expect(node.read(file)?.toString()).toBe(bytesOf(route('demo', upstream)));
    caddyfile('');
  });

  it('a first file that is rejected is taken away again', async () => {
    await node.ask({ kind: 'caddy-routes', document: '', seq: (seq += 1) });
    caddyfile('taken.example.org {\n\trespond 200\n}\n');
    expect((await apply([route('taken', upstream)], { fallback: '' })).result).toBe('RESTORED');
    expect(node.read(file)).toBe(undefined);
    caddyfile('');
  });

  it('the flag reload tells Caddy again of bytes that are there already', async () => {
    await apply([route('demo', upstream)]);
    await fetch(`http://127.0.0.1:${String(ports.admin)}/config/apps/http/servers`, {
      method: 'DELETE',
    });
    const routes = [route('demo', upstream)];
    expect(compared(await look(), routes)).toMatchObject({ agrees: false });
    expect(await apply(routes)).toMatchObject({ result: 'UNCHANGED' });
    expect(compared(await look(), routes)).toMatchObject({ agrees: false });
    expect(await apply(routes, { flags: ['reload'] })).toMatchObject({
      result: 'UNCHANGED',
      rungs: { digest: 'ok' },
    });
    expect(compared(await look(), routes)).toEqual({ agrees: true });
  });

  it('without the API a host that Caddy does not serve is bad; both are down without Caddy', async () => {
    await apply([route('demo', upstream)]);
    node.write(file, bytesOf(route('demo', upstream), route('unknown', upstream)));
    describeTarget({ raw_url: '' });
    expect(await look()).toMatchObject({
      rungs: { raw: 'none', answers: 'bad' },
      text: expect.stringContaining('unknown.example.org') as string,
    });
    describeTarget({});
    await caddy.stop();
    expect(await look()).toMatchObject({ rungs: { raw: 'down', answers: 'down' } });
    await start();
  });

  it('a certificate that cannot be had yet is not taken for a missing route where the API tells', async () => {
    caddyfile('', 'cert_issuer acme {\n\t\tdir https://127.0.0.1:1/\n\t\tdisable_tlsalpn_challenge\n\t}');
    expect(await apply([route('uncertified', upstream)])).toMatchObject({ result: 'INSTALLED' });
    expect(await look()).toMatchObject({ rungs: { raw: 'ok', answers: 'ok' } });
    describeTarget({ raw_url: '' });
    expect(await look()).toMatchObject({ rungs: { answers: 'bad' } });
    describeTarget({});
    caddyfile('');
  });

  it('a dead Caddy keeps the new bytes, and comes back without the withdrawn route', async () => {
    await apply([route('demo', upstream), route('gone', upstream)]);
    await caddy.stop();
    const receipt = await apply([route('demo', upstream)], {
      fallback: bytesOf(route('demo', upstream), route('gone', upstream)),
    });
    expect(receipt).toMatchObject({ result: 'CONSUMER_DOWN' });
    expect(node.read(file)?.toString()).toBe(bytesOf(route('demo', upstream)));
    await start();
    const routes = [route('demo', upstream)];
    expect(compared(await look(), routes)).toEqual({ agrees: true });
    await caddy.stop();
    expect(await apply(routes, { flags: ['reload'] })).toMatchObject({ result: 'CONSUMER_DOWN' });
    await start();
  });
});
