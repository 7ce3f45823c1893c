import { chmodSync, existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cluster, hostsBlock, NodeRoot, request, routesFile, sha } from './harness.ts';
import { encodeRequest } from '../../src/wire/request.ts';

let node: NodeRoot;
const document = hostsBlock(['10.0.0.1\ta.mini.local']);
const nonce = 'a'.repeat(32);

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', '127.0.0.1 localhost\n');
});

afterEach(() => {
  node.remove();
});

/** The tokens of a good request, with some replaced. */
function line(changed: Readonly<Record<number, string>> = {}): string {
  const good = encodeRequest(request({ document, nonce })).toString().split('\n')[0]?.split(' ') ?? [];
  return good.map((token, at) => changed[at + 1] ?? token).join(' ');
}

async function refused(bytes: string | Buffer, result: string, code: number): Promise<string> {
  const ended = await node.raw(bytes, nonce);
  const said = /"result":"([A-Z_]+)"/u.exec(ended.stdout.toString())?.[1];
  expect({ said, code: ended.code, stderr: ended.stderr }).toEqual({ said: result, code, stderr: '' });
  expect(node.read('etc/hosts')?.toString()).toBe('127.0.0.1 localhost\n');
  expect(existsSync(node.path('var/lib/sync-controller/clusters/cluster-aaaa'))).toBe(false);
  expect(node.leftovers()).toEqual([]);
  return ended.stdout.toString();
}

describe('the request line', () => {
  it.each([
    ['mode', 2, 'Apply'],
    ['mode', 2, '-'],
    ['cluster', 3, 'short'],
    ['cluster', 3, 'UPPERCASE'],
    ['cluster', 3, '..........'],
    ['cluster', 3, 'c'.repeat(65)],
    ['node', 4, 'vps_nodes'],
    ['node', 4, '@10.0.0.1'],
    ['kind', 5, '..'],
    ['kind', 5, '.hosts'],
    ['kind', 5, 'Hosts'],
    ['epoch', 6, '0'],
    ['epoch', 6, '01'],
    ['epoch', 6, '-1'],
    ['epoch', 6, '9007199254740992'],
    ['epoch', 6, '9223372036854775808'],
    ['epoch', 6, '0x10'],
    ['epoch', 6, '1e3'],
    ['writer', 7, 'short'],
    ['writer', 7, 'with-hyphen'],
    ['seq', 8, '0'],
    ['base', 9, 'present'],
    ['base', 9, 'A'.repeat(64)],
    ['length', 10, '4194305'],
    ['length', 10, '-'],
    ['length', 10, '007'],
    ['sha256', 11, '-'],
    ['sha256', 11, 'a'.repeat(63)],
    ['nonce', 12, 'short'],
    ['deadline_ms', 13, '99'],
    ['deadline_ms', 13, '600001'],
    ['confirm_s', 14, '3601'],
    ['confirm_s', 14, '10'],
    ['flags', 15, '.content'],
    ['flags', 15, 'content.'],
    ['flags', 15, 'a@b'],
    ['fallback_length', 16, '5'],
    ['fallback_sha256', 17, 'x'],
  ])('refuses %s (token %i) as %s', async (_name, at, value) => {
    await refused(`${line({ [at]: value })}\n${document}`, 'REQUEST', 20);
  });

  it.each([
    ['empty', '\n'],
    ['one token short', `${line().split(' ').slice(0, 16).join(' ')}\n`],
    ['one token long', `${line()} -\n`],
    ['with two spaces', `${line().replace(' ', '  ')}\n`],
    ['with a leading space', ` ${line()}\n`],
    ['with a trailing space', `${line()} \n`],
    ['with a tab', `${line().replace(' ', '\t')}\n`],
    ['with a carriage return', `${line()}\r\n`],
    ['with a shell expansion', `${line({ 4: '$(reboot)' })}\n`],
    ['with a byte above 127', Buffer.concat([Buffer.from([0xff]), Buffer.from(`${line()}\n`)])],
    ['with a token of 129 characters', `${line({ 4: `t@${'n'.repeat(127)}` })}\n`],
    ['longer than 2,400 bytes', `${line({ 4: 'n'.repeat(2400) })}\n`],
    ['not ended by a newline', line()],
  ])('refuses a line %s', async (_name, bytes) => {
    await refused(bytes, 'REQUEST', 20);
  });

  it('echoes the nonce of a refused line, so that the controller knows whom the answer is for', async () => {
    const said = await refused(`${line({ 5: '..' })}\n`, 'REQUEST', 20);
    expect(said).toContain(`{"sc":1,"nonce":"${nonce}"`);
  });

  it('answers a wire version it does not know with the versions it speaks', async () => {
    expect(await refused(`${line({ 1: 'SC2' })} and more\n`, 'UNSUPPORTED', 23)).toContain('"wire":[1]');
  });

  it.each(['term', 'vote', 'release', 'erase'])('answers mode %s as unsupported', async (mode) => {
    await refused(`${line({ 2: mode })}\n${document}`, 'UNSUPPORTED', 23);
  });

  it('answers an unknown flag as unsupported', async () => {
    await refused(`${line({ 15: 'content.force' })}\n${document}`, 'UNSUPPORTED', 23);
  });

  it('refuses a check that carries a document', async () => {
    await refused(`${line({ 2: 'check' })}\n${document}`, 'REQUEST', 20);
  });

  it('writes one empty line, one JSON line and nothing else', async () => {
    const { stdout } = await node.run({ document });
    expect(
      stdout
        .toString()
        .split('\n')
        .map((part) => part.slice(0, 9)),
    ).toEqual(['', '{"sc":1,"', '']);
  });
});

describe('the target description', () => {
  it.each([
    ['is missing', undefined],
    ['has another format', 'format=SC2\nshape=block\npath=/etc/hosts\ncheck=hosts\n'],
    ['has no path', 'format=SC1\nshape=block\ncheck=hosts\n'],
    ['has a relative path', 'format=SC1\nshape=block\npath=etc/hosts\ncheck=hosts\n'],
    ['climbs', 'format=SC1\nshape=block\npath=/etc/../etc/hosts\ncheck=hosts\n'],
    ['has a path with a blank', 'format=SC1\nshape=block\npath=/etc/my hosts\ncheck=hosts\n'],
    ['has a path with an expansion', 'format=SC1\nshape=block\npath=/etc/$(id)\ncheck=hosts\n'],
    ['has an unknown shape', 'format=SC1\nshape=tree\npath=/etc/hosts\ncheck=hosts\n'],
    ['has an unknown check', 'format=SC1\nshape=block\npath=/etc/hosts\ncheck=magic\n'],
    ['has a check of another shape', 'format=SC1\nshape=file\npath=/etc/hosts\ncheck=hosts\n'],
    ['has a mode that is none', 'format=SC1\nshape=block\npath=/etc/hosts\nmode=rwx\ncheck=hosts\n'],
    [
      'reads raw data from elsewhere',
      'format=SC1\nshape=block\npath=/etc/hosts\ncheck=hosts\nraw_url=http://10.0.0.9:8080/\n',
    ],
    [
      'reloads through a shell',
      'format=SC1\nshape=block\npath=/etc/hosts\ncheck=hosts\nreload=/bin/sh -c "id > x"\n',
    ],
    ['has a line that is no key', 'format=SC1\nshape=block\npath=/etc/hosts\ncheck=hosts\nrm -rf /\n'],
  ])('is refused when it %s', async (_name, text) => {
    if (text !== undefined) node.write('etc/sync-controller/targets.d/odd', text);
    await refused(encodeRequest(request({ kind: 'odd', document, nonce })), 'KIND', 24);
  });

  it.each([
    ['its group', 0o664],
    ['everybody', 0o646],
  ])('is refused where %s may write it, and nothing is touched', async (_who, mode) => {
    const described = node.path('etc/sync-controller/targets.d/hosts');
    const before = node.read('etc/hosts');
    chmodSync(described, mode);
    const receipt = await node.ask({ document, seq: 2 });
    expect([receipt.result, receipt.code]).toEqual(['KIND', 24]);
    expect(receipt.text).toContain(`may be written by others than its owner (mode ${mode.toString(8)})`);
    expect((await node.ask({ mode: 'check' })).result).toBe('KIND');
    expect(node.read('etc/hosts')).toEqual(before);
    chmodSync(described, 0o644);
    expect((await node.ask({ document, seq: 3 })).code).toBe(0);
  });

  it('may hold comments, empty lines and keys of later versions', async () => {
    node.write(
      'etc/sync-controller/targets.d/hosts',
      '# ours\n\nformat=SC1\nshape=block\npath=/etc/hosts\ncheck=hosts\nlater_key=7 of 9\n',
    );
    expect((await node.ask({ document })).result).toBe('INSTALLED');
  });
});

describe('the counted bytes', () => {
  const good = encodeRequest(
    request({ document, nonce, fallback: document.replace('10.0.0.1', '10.0.0.2') }),
  );
  const head = good.indexOf(0x0a) + 1;

  it.each([
    0,
    1,
    Math.floor(document.length / 2),
    document.length - 1,
    document.length,
    document.length + 1,
    2 * document.length - 1,
  ])('are truncated when the sender stops after %i of them', async (sent) => {
    await refused(good.subarray(0, head + sent), 'TRUNCATED', 21);
  });

  it.each([
    0,
    1,
    Math.floor(document.length / 2),
    document.length - 1,
    document.length,
    2 * document.length - 1,
  ])('are altered when the byte at %i differs', async (at) => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(bytes.readUInt8(head + at) ^ 0x20, head + at);
    await refused(bytes, 'ALTERED', 22);
  });

  it('are altered when one of them became a NUL', async () => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(0, head + 30);
    await refused(bytes, 'ALTERED', 22);
  });

  it('are invalid when they hold a NUL that was meant', async () => {
    const bytes = document.replace('a.mini', 'a\0mini');
    await refused(encodeRequest(request({ document: bytes, nonce })), 'INVALID', 30);
  });

  it('end where they are counted: what follows belongs to nobody', async () => {
    const ended = await node.raw(
      Buffer.concat([encodeRequest(request({ document, nonce })), Buffer.from('SC1 apply and more\n')]),
      nonce,
    );
    expect(ended.receipt?.result).toBe('INSTALLED');
  });

  it('may be 4 MiB', async () => {
    const comment = `# ${'x'.repeat(62)}\n`;
    const bytes = routesFile(['demo']) + comment.repeat(70_000);
    const large = bytes
      .slice(0, 4_194_303)
      .replace(/[^\n]*$/u, '')
      .padEnd(4_194_303, '#')
      .concat('\n');
    const receipt = await node.ask({ kind: 'traefik-routes', document: large });
    expect({ result: receipt.result, after: receipt.after }).toEqual({
      result: 'INSTALLED',
      after: { sha: sha(large), size: 4_194_304 },
    });
    const back = await node.run({ kind: 'traefik-routes', mode: 'check', flags: ['content'] });
    expect(back.receipt?.bodies.get('content')?.equals(Buffer.from(large))).toBe(true);
  });

  it('of a hosts block may be 4 MiB', async () => {
    const lines = Array.from(
      { length: 95_000 },
      (_, at) =>
        `10.${String(at >> 16)}.${String((at >> 8) & 255)}.${String(at & 255)}\tservice-${String(at)}.minicloud.local`,
    );
    const large = hostsBlock(lines);
    const receipt = await node.ask({ document: large, deadlineMs: 60_000 });
    expect(receipt.result).toBe('INSTALLED');
    expect(node.read('etc/hosts')?.toString()).toBe(`127.0.0.1 localhost\n${large}`);
  });

  it('of length 0 withdraw, and only with the digest of nothing', async () => {
    await node.ask({ document });
    const wrong = await node.raw(`${line({ 8: '2', 10: '0', 11: sha(document) })}\n`, nonce);
    expect(wrong.receipt?.result).toBe('ALTERED');
    expect(await node.ask({ document: '', seq: 2 })).toMatchObject({
      result: 'INSTALLED',
      after: { sha: 'absent', size: 0 },
    });
    expect(node.read('etc/hosts')?.toString()).toBe('127.0.0.1 localhost\n');
  });

  it('are of the cluster that asks: a block of another cluster id is invalid', async () => {
    await refused(
      encodeRequest(request({ document: hostsBlock([], 'cluster-bbbb'), cluster, nonce })),
      'INVALID',
      30,
    );
  });
});
