import { once } from 'node:events';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Receipt } from '../../src/wire/receipt.ts';
import { hasProgram, startProgram, type Running } from '../support/programs.ts';
import { cluster, NodeRoot, player } from './harness.ts';

const file = 'srv/names/sync-controller.hosts';
const title = `# sync-controller names ${cluster}`;
const names = (...lines: readonly string[]): string => [title, ...lines, ''].join('\n');
const good = names('# ours', '10.0.0.1\tdemo.minicloud.local', 'fd7a::1\tsix.minicloud.local');

describe('a file of names for dnsmasq', () => {
  const node = new NodeRoot().enrol();
  let seq = 0;
  afterAll(() => {
    node.remove();
  });
  const judged = async (document: string): Promise<Receipt> => {
    seq += 1;
    return node.ask({ kind: 'dnsmasq-hosts', document: Buffer.from(document, 'latin1'), seq });
  };

  it.each([
    ['with names of both families', good],
    ['of comments only', names('# The cluster serves no name.')],
    [
      'of five thousand names',
      names(
        ...Array.from(
          { length: 5000 },
          (_, at) => `10.1.${String(at >> 8)}.${String(at & 255)}\tn${String(at)}.x.local`,
        ),
      ),
    ],
  ])('%s is accepted', async (_name, document) => {
    expect(await judged(document)).toMatchObject({ result: 'INSTALLED' });
    expect(node.read(file)?.toString()).toBe(document);
  });

  it.each([
    ['without our title', good.replace(title, '# mine')],
    ['of another cluster', good.replace(cluster, 'cluster-bbbb')],
    ['with a wildcard of the settings', names('address=/minicloud.local/10.0.0.1')],
    ['with a record of the settings', names('host-record=a.minicloud.local,10.0.0.1')],
    [
      'with a setting behind a name',
      good.replace('demo.minicloud.local', 'demo.minicloud.local address=/x/1.1.1.1'),
    ],
    ['with a star', good.replace('demo.', '*.')],
    ['with a leading dot', good.replace('demo.', '.demo.')],
    ['with localhost', good.replace('demo.minicloud.local', 'localhost')],
    ['with a name that is an address', good.replace('demo.minicloud.local', '10.0.0.9')],
    ['with an address that is none', good.replace('10.0.0.1', '10.0.0.256')],
    ['with a word for an address', good.replace('10.0.0.1', 'server')],
    ['with a blank for the tab', good.replace('10.0.0.1\t', '10.0.0.1 ')],
    ['with an empty line', good.replace('# ours', '')],
    ['with a carriage return', good.replaceAll('\n', '\r\n')],
    ['with a line of markers', good.replace('# ours', `# BEGIN sync-controller ${cluster}`)],
    ['with a template', good.replace('# ours', '# {{ x }}')],
    ['with a terminal escape', good.replace('# ours', '# \x1b]0;x\x07')],
    ['with a byte above 127', good.replace('demo', 'd\xe4mo')],
    ['with a label that is too long', good.replace('demo', 'd'.repeat(64))],
    ['whose last line is not ended', good.trimEnd()],
    ['with nothing but a newline', '\n'],
  ])('%s is refused, and the old file stays', async (_name, document) => {
    await judged(good);
    expect(await judged(document)).toMatchObject({ result: 'INVALID' });
    expect(node.read(file)?.toString()).toBe(good);
  });

  it('is withdrawn to no file', async () => {
    await judged(good);
    expect(await judged('')).toMatchObject({ result: 'INSTALLED', after: { sha: 'absent' } });
    expect(node.read(file)).toBe(undefined);
  });
});

const ready = hasProgram('dnsmasq');

describe.skipIf(!ready)('the answers rung of a real dnsmasq', () => {
  const node = new NodeRoot().enrol();
  let dnsmasq: Running;
  let port = 0;
  let seq = 0;

  beforeAll(async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    port = socket.address().port;
    socket.close();
    node.write('srv/foreign', '10.9.9.9\tshadowed.minicloud.local\n');
    target({ dns: `127.0.0.1:${String(port)}` });
    await start();
  });
  afterAll(async () => {
    await dnsmasq.stop();
    node.remove();
  });

  function target(keys: Readonly<Record<string, string>>): void {
    node.target('dnsmasq-hosts', {
      shape: 'file',
      path: `/${file}`,
      temp: '/var/lib/sync-controller/tmp',
      check: 'dnsmasq-hosts',
      ...keys,
    });
  }

  async function start(): Promise<void> {
    const settings = [
      ...[
        '--keep-in-foreground',
        `--port=${String(port)}`,
        '--listen-address=127.0.0.1',
        '--bind-interfaces',
      ],
      ...['--no-resolv', '--no-hosts', '--conf-file=/dev/null', `--pid-file=${node.path('pid')}`],
      ...['--user=', '--group=', '--log-facility=-'],
      ...[`--hostsdir=${node.path('srv/names')}`, `--addn-hosts=${node.path('srv/foreign')}`],
    ];
    dnsmasq = startProgram(['dnsmasq', ...settings], player);
    for (;;) {
      if (dnsmasq.said().includes('started')) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const apply = (document: string): Promise<Receipt> => {
    seq += 1;
    return node.ask({ kind: 'dnsmasq-hosts', document, seq });
  };
  const look = (): Promise<Receipt> =>
    node.ask({ mode: 'check', epoch: 0, seq: 0, kind: 'dnsmasq-hosts', flags: ['answers'] });
  /** dnsmasq follows its directory a moment later. */
  const settled = async (rung: string): Promise<Receipt> => {
    const end = performance.now() + 20_000;
    for (;;) {
      const receipt = await look();
      if (receipt.rungs['answers'] === rung || performance.now() > end) return receipt;
    }
  };

  it('is ok when each name has its address, of either family, and a label of ten letters', async () => {
    expect((await apply(good)).rungs).toEqual({ digest: 'ok', parsed: 'ok' });
    expect(await settled('ok')).toMatchObject({ rungs: { parsed: 'ok', answers: 'ok' }, text: '' });
    await apply(names('10.0.0.1\tabcdefghij.minicloud.local', 'fd7a:0:1::2:3\tb.c.d.minicloud.local'));
    expect(await settled('ok')).toMatchObject({ rungs: { answers: 'ok' } });
  });

  it('is ok of hundreds of names, by a sample', async () => {
    await apply(
      names(
        ...Array.from(
          { length: 700 },
          (_, at) => `10.1.${String(at >> 8)}.${String(at & 255)}\tn${String(at)}.x.local`,
        ),
      ),
    );
    expect(await settled('ok')).toMatchObject({ rungs: { answers: 'ok' }, text: '' });
  });

  it('follows an edit of an address, and only the exact name answers', async () => {
    await apply(names('10.0.0.1\tdemo.minicloud.local'));
    await settled('ok');
    await apply(names('10.0.0.2\tdemo.minicloud.local'));
    expect(await settled('ok')).toMatchObject({ rungs: { answers: 'ok' } });
    await apply(names('10.0.0.2\tdemo.minicloud.local', '10.0.0.3\tbelow.demo.minicloud.local'));
    expect(await settled('ok')).toMatchObject({ rungs: { answers: 'ok' } });
  });

  it('is bad where a foreign line gives the same name a second address, and names it', async () => {
    await apply(names('10.0.0.1\tdemo.minicloud.local', '10.0.0.5\tshadowed.minicloud.local'));
    expect(await settled('bad')).toMatchObject({
      rungs: { answers: 'bad' },
      text: expect.stringContaining('10.0.0.5 for shadowed.minicloud.local') as string,
    });
  });

  it('is bad for a name that is installed and not read', async () => {
    await apply(names('10.0.0.1\tdemo.minicloud.local'));
    await settled('ok');
    node.target('dnsmasq-hosts', {
      shape: 'file',
      path: '/srv/elsewhere/names',
      check: 'dnsmasq-hosts',
      dns: `127.0.0.1:${String(port)}`,
    });
    node.mkdir('srv/elsewhere');
    await apply(names('10.0.0.1\tdemo.minicloud.local', '10.0.0.7\tunread.minicloud.local'));
    expect(await look()).toMatchObject({
      rungs: { answers: 'bad' },
      text: expect.stringContaining('10.0.0.7 for unread.minicloud.local') as string,
    });
    target({ dns: `127.0.0.1:${String(port)}` });
  });

  it('without any name proves that dnsmasq is there', async () => {
    await apply(names());
    expect(await look()).toMatchObject({ rungs: { answers: 'ok' } });
  });

  it('is down when dnsmasq hangs, and when it is gone, with names and without', async () => {
    for (const document of [names(), good]) {
      await apply(document);
      process.kill(dnsmasq.pid, 'SIGSTOP');
      expect(await look()).toMatchObject({ rungs: { answers: 'down' } });
      process.kill(dnsmasq.pid, 'SIGCONT');
      await dnsmasq.stop();
      expect(await look()).toMatchObject({
        rungs: { answers: 'down' },
        text: expect.stringContaining(`127.0.0.1:${String(port)}`) as string,
      });
      await start();
    }
  });

  it('is none where the description names no place to ask', async () => {
    for (const keys of [{}, { dns: '' }, { dns: 'localhost:53' }, { dns: '127.0.0.1' }]) {
      target(keys);
      expect((await look()).rungs['answers']).toBe('none');
    }
    target({ dns: `127.0.0.1:${String(port)}` });
  });
});

describe('the answers rung of something that is no name server', () => {
  const node = new NodeRoot().enrol();
  const servers: { close(): void }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(() => {
    node.remove();
  });

  it.each([
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n and more of this talk')],
    ['ones', Buffer.alloc(600, 0xff)],
    ['zeros', Buffer.alloc(600)],
    ['a length and nothing', Buffer.from([0, 40])],
    [
      'labels without an end',
      Buffer.concat([Buffer.from([1, 0, 0, 0, 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0]), Buffer.alloc(300, 1)]),
    ],
  ])('is never ok: %s', async (_name, bytes) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(bytes);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    node.target('dnsmasq-hosts', {
      shape: 'file',
      path: `/${file}`,
      check: 'dnsmasq-hosts',
      dns: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    });
    await node.ask({ kind: 'dnsmasq-hosts', document: good, seq: 1 });
    const receipt = await node.ask({
      mode: 'check',
      epoch: 0,
      seq: 0,
      kind: 'dnsmasq-hosts',
      flags: ['answers'],
    });
    expect(receipt.rungs['answers']).toBe('bad');
  });
});
