import { readFileSync, globSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cluster, hostsBlock, NodeRoot, sha } from './harness.ts';

let node: NodeRoot;
let seq = 0;

beforeEach(() => {
  node = new NodeRoot().enrol();
  seq = 0;
});

afterEach(() => {
  node.remove();
});

const ours = hostsBlock(['10.0.0.1\tours.minicloud.local']);
const hosts = () => node.read('etc/hosts')?.toString('latin1');

/** Applies a block to a file and returns the file. */
async function into(file: string, document = ours): Promise<string | undefined> {
  node.write('etc/hosts', Buffer.from(file, 'latin1'));
  seq += 1;
  const receipt = await node.ask({ document, seq });
  expect(receipt.result).toBe('INSTALLED');
  return hosts();
}

describe('bytes outside the block (I7)', () => {
  const old = hostsBlock(['10.0.0.9\told.minicloud.local']);
  it.each([
    ['at the end', '127.0.0.1 localhost\n', '', ours],
    ['into an empty file', '', '', ours],
    ['before a last line without a newline', '127.0.0.1 a\n', '10.1.1.1 last', ours],
    ['before a single line without a newline', '', '10.1.1.1 only', ours],
    ['among CRLF lines', '127.0.0.1 a\r\n\r\n', '', ours],
    ['before a last CRLF line that is cut', 'x\r\n', 'y\r', ours],
    ['among tabs, blanks and bytes above 127', '\t127.0.0.1\t\ta  \n\xc3\xa4\xff\x01\n', '', ours],
    ['among empty lines', '\n\n\n', '', ours],
  ])('stay when it comes %s', async (_name, head, tail, document) => {
    expect(await into(head + tail)).toBe(head + document + tail);
    await node.ask({ document: '', seq: 99 });
    expect(hosts()).toBe(head + tail);
  });

  it.each([
    ['in the middle', '127.0.0.1 a\n', '10.1.1.1 b\n'],
    ['at the start', '', '10.1.1.1 b\r\n'],
    ['at the end', '127.0.0.1 a\n', ''],
    ['before a line without a newline', '127.0.0.1 a\n', '10.1.1.1 b'],
    [
      'among lines that speak of sync-controller',
      '# ask sync-controller\n',
      '# END OF sync-controller talk? no marker\n',
    ],
  ])('stay when it is replaced %s', async (_name, head, tail) => {
    expect(await into(head + old + tail)).toBe(head + ours + tail);
  });

  it('stay when the old block is of another cluster: ownership decides, not the text', async () => {
    expect(await into(`a\n${hostsBlock(['10.0.0.9\tx.y.local'], 'cluster-zzzz')}b\n`)).toBe(`a\n${ours}b\n`);
  });

  it('stay when the end marker has lost its newline at the end of the file', async () => {
    expect(await into(`a\n${old.trimEnd()}`)).toBe(`a\n${ours}`);
  });

  it('stay in a file of 100,000 foreign lines', async () => {
    const lines = Array.from(
      { length: 100_000 },
      (_, at) => `0.0.0.0 blocked-${String(at)}.example.com`,
    ).join('\n');
    expect(await into(`${lines}\n`)).toBe(`${lines}\n${ours}`);
    expect((await node.ask({ document: '', seq: 99 })).result).toBe('INSTALLED');
    expect(hosts()).toBe(`${lines}\n`);
  });
});

describe('ambiguous markers', () => {
  const begin = `# BEGIN sync-controller ${cluster}\n`;
  const end = `# END sync-controller ${cluster}\n`;
  it.each([
    ['a block without an end', `a\n${begin}10.0.0.1\tx.y.local\n`],
    ['an end without a beginning', `a\n${end}b\n`],
    ['a nested block', `${begin}${begin}${end}${end}`],
    ['two blocks', ours + ours],
    ['two blocks of two clusters', ours + hostsBlock([], 'cluster-zzzz')],
    ['an end of another cluster', `${begin}# END sync-controller cluster-zzzz\n`],
    ['the end before the beginning', end + begin],
    ['markers that end in a carriage return', ours.replaceAll('\n', '\r\n')],
    ['an end marker with a trailing blank', ours.replace(end, end.replace('\n', ' \n'))],
    ['an indented marker', ` ${begin}${end}`],
    ['a marker without a cluster', '# BEGIN sync-controller\n# END sync-controller\n'],
    ['a block and a lone beginning', `${ours}a\n${begin}`],
    [
      'a block with a marker of a third in it',
      ours.replace('10.0.0.1', '#  BEGIN  sync-controller x\n10.0.0.1'),
    ],
    ['NUL bytes', 'a\0b\n'],
    ['NUL bytes inside the block', ours.replace('10.0.0.1', '10.0.0.1\0')],
  ])('refuse %s, in apply as in check, and leave every byte', async (_name, file) => {
    node.write('etc/hosts', Buffer.from(file, 'latin1'));
    const receipt = await node.ask({ document: hostsBlock(['10.0.0.2\tnew.minicloud.local']) });
    expect({ result: receipt.result, code: receipt.code, before: receipt.before }).toEqual({
      result: 'MARKERS',
      code: 31,
      before: null,
    });
    expect((await node.ask({ mode: 'check', epoch: 0, seq: 0 })).result).toBe('MARKERS');
    expect(hosts()).toBe(file);
    expect(receipt.fence).toBe(null);
  });
});

describe('blocks of older tools', () => {
  const header = '# MyNodeOne Services - Auto-synced on Sat Nov 21 07:49:24 UTC 2026\n';
  const entries = '100.76.150.201\tdashboard.minicloud.local\n100.76.150.201\tminicloud.local\n';

  it('are replaced in their place, with the blank lines that tool wrote (B52)', async () => {
    expect(await into(`127.0.0.1 a\n\n${header}${entries}\n10.1.1.1 b\n`)).toBe(
      `127.0.0.1 a\n${ours}10.1.1.1 b\n`,
    );
  });

  it('at the end of the file go to their last line (B51)', async () => {
    expect(await into(`127.0.0.1 a\n\n${header}${entries}`)).toBe(`127.0.0.1 a\n${ours}`);
  });

  it('do not take user lines that follow directly with them (B51)', async () => {
    const user = '192.168.1.5\tprinter.local\n192.168.1.6 nas\n\n10.1.1.1 after\n';
    expect(await into(`127.0.0.1 a\n\n${header}${entries}${user}`)).toBe(`127.0.0.1 a\n${ours}${user}`);
  });

  it('do not take a comment or another alias of the domain with them (B53)', async () => {
    const user = '# see wiki.minicloud.local\n10.3.3.3\tmine alias.minicloud.local\n';
    expect(await into(`${user}\n${header}${entries}\n${user}`)).toBe(`${user}${ours}${user}`);
  });

  it('are recognised with the names that tool got wrong (B54)', async () => {
    expect(
      await into(`a\n\n${header}10.0.0.1\t@.minicloud.local\n10.0.0.1\tnull.minicloud.local\n\nb\n`),
    ).toBe(`a\n${ours}b\n`);
  });

  it('of all three families go together (B58)', async () => {
    const file = [
      '127.0.0.1 a\n',
      '\n# MyNodeOne Services - Auto-generated on Monday\n100.76.150.201\tchat.minicloud.local\n\n',
      '# MyNodeOne services\n100.76.150.201 chat.minicloud.local  # ai/open-webui\n# End MyNodeOne services\n',
      '10.1.1.1 b\n',
      '# MyNodeOne Apps\n100.76.150.201    photos.minicloud.local\n# End MyNodeOne Apps\n',
      '10.2.2.2 c',
    ];
    expect(await into(file.join(''))).toBe(`127.0.0.1 a\n${ours}10.1.1.1 b\n10.2.2.2 c`);
  });

  it('with an end marker keep a foreign line that somebody put between', async () => {
    expect(
      await into(
        '# MyNodeOne Apps\n10.0.0.1 a.mini.local\n; odd but mine\n10.0.0.2 b.mini.local\n# End MyNodeOne Apps\nz\n',
      ),
    ).toBe(`${ours}; odd but mine\nz\n`);
  });

  it('with a lost end marker lose only the lines right below the header', async () => {
    expect(
      await into('# MyNodeOne services\n10.0.0.1 a.mini.local # x/y\nmine\n10.0.0.2 b.mini.local\n'),
    ).toBe(`${ours}mine\n10.0.0.2 b.mini.local\n`);
  });

  it('go while ours stays in its own place', async () => {
    expect(await into(`\n${header}${entries}\nx\n${ours}y\n`, hostsBlock([]))).toBe(
      `x\n${hostsBlock([])}y\n`,
    );
  });

  it('are counted by check, as the sign of a second writer', async () => {
    node.write('etc/hosts', `\n${header}${entries}\n${ours}\n# MyNodeOne Apps\n# End MyNodeOne Apps\n`);
    const receipt = await node.ask({ mode: 'check', epoch: 0, seq: 0 });
    expect({ legacy: receipt.facts.legacy, sha: receipt.after?.sha }).toEqual({ legacy: 2, sha: sha(ours) });
  });

  it('go although the managed bytes are the same: the file is written again', async () => {
    node.write('etc/hosts', `${ours}\n${header}${entries}`);
    expect(await node.ask({ document: ours })).toMatchObject({
      result: 'INSTALLED',
      before: { sha: sha(ours) },
      after: { sha: sha(ours) },
      facts: { legacy: 1 },
    });
    expect(hosts()).toBe(ours);
  });

  it('stay when ours is withdrawn', async () => {
    const file = `a\n\n${header}${entries}`;
    node.write('etc/hosts', `${file}${ours}`);
    await node.ask({ document: '' });
    expect(hosts()).toBe(file);
  });
});

describe('what a block may hold', () => {
  const valid = (line: string) => hostsBlock([line]);
  it.each([
    ['10.0.0.1\ta.b.local'],
    ['255.255.255.255\tx'],
    ['0.0.0.0\ta'],
    ['fd7a:115c:a1e0::1\tsix.local'],
    ['::1\tsix.local'],
    ['1:2:3:4:5:6:7:8\tsix.local'],
    ['10.0.0.1\ta.b.local b.c.local d'],
    ['10.0.0.1\t1a.b2'],
    [`10.0.0.1\t${'a'.repeat(63)}.local`],
    [`10.0.0.1\t${`${'a'.repeat(49)}.`.repeat(5)}abc`],
    ['#'],
    ['# anything printable, even ${this} and `that`'],
    ['# changed by sync-controller'],
  ])('%s', async (line) => {
    expect((await node.ask({ document: valid(line) })).result).toBe('INSTALLED');
  });

  it.each([
    ['', 'an empty line'],
    ['10.0.0.1 a.b.local', 'a blank for the tab'],
    ['10.0.0.1\t', 'no name'],
    ['10.0.0.1', 'an address alone'],
    ['\ta.b.local', 'no address'],
    ['10.0.0.1\ta\tb', 'a second tab'],
    ['10.0.0.1\ta  b', 'two blanks'],
    ['10.0.0.1\t a', 'a leading blank'],
    ['10.0.0.1\ta ', 'a trailing blank'],
    ['10.0.0.1\ta # comment', 'a comment behind'],
    ['10.0.0.1 10.0.0.2\ta', 'two addresses'],
    ['10.0.0.256\ta', 'a number above 255'],
    ['10.0.0.300\ta', 'a number above 255'],
    ['10.0.0.01\ta', 'a leading zero'],
    ['10.0.0\ta', 'three numbers'],
    ['10.0.0.0.1\ta', 'five numbers'],
    ['10.0..1\ta', 'an empty number'],
    ['1000.0.0.1\ta', 'four digits'],
    ['fd7a:::1\ta', 'three colons'],
    ['1::2::3\ta', 'two gaps'],
    ['1:2:3:4:5:6:7\ta', 'seven groups'],
    ['1:2:3:4:5:6:7:8:9\ta', 'nine groups'],
    ['12345::1\ta', 'a long group'],
    [':1:2:3:4:5:6:7\ta', 'a leading colon'],
    ['fe80::1%eth0\ta', 'a zone'],
    ['null\ta', 'a word for an address (B30)'],
    ['10.0.0.1\t@.minicloud.local', 'an at sign (B54)'],
    ['10.0.0.1\ta_b.local', 'an underscore'],
    ['10.0.0.1\t-a.local', 'a leading hyphen'],
    ['10.0.0.1\ta-.local', 'a trailing hyphen in a label'],
    ['10.0.0.1\ta.-b', 'a leading hyphen in a label'],
    ['10.0.0.1\ta..b', 'an empty label'],
    ['10.0.0.1\t.a', 'a leading dot'],
    ['10.0.0.1\ta.', 'a trailing dot'],
    ['10.0.0.1\t10.0.0.2', 'an address for a name'],
    ['10.0.0.1\ta.123', 'digits at the end of a name'],
    ['10.0.0.1\t123', 'digits for a name'],
    [`10.0.0.1\t${'a'.repeat(64)}`, 'a label of 64'],
    [`10.0.0.1\t${`${'a'.repeat(49)}.`.repeat(5)}abcd`, 'a name of 254'],
    ['10.0.0.1\tlocalhost', 'localhost'],
    ['10.0.0.1\tok.local localhost.localdomain', 'localhost'],
    ['10.0.0.1\tip6-allnodes', 'a name of the system'],
    ['10.0.0.1\ta\r', 'a carriage return'],
    ['10.0.0.1\t\xe4.local', 'a byte above 127'],
    ['#comment', 'a comment without a blank'],
    ['# \t', 'a tab in a comment'],
    ['# {{ env "PATH" }}', 'a template'],
    ['# \x1b[31m', 'a terminal escape'],
    ['# MyNodeOne Services - Auto-synced on x', 'the header of an older tool'],
    ['# BEGIN sync-controller cluster-bbbb', 'a marker'],
    ['# END sync-controller cluster-aaaa', 'a marker'],
    ['include /etc/passwd', 'anything else'],
  ])('not %j: %s', async (line) => {
    node.write('etc/hosts', 'a\n');
    for (const document of [
      Buffer.from(valid(line), 'latin1'),
      Buffer.from(hostsBlock(['10.0.0.1\tok.local', line, '# ok', '10.0.0.2\tok2.local']), 'latin1'),
    ]) {
      expect((await node.ask({ document })).result).toBe('INVALID');
    }
    expect(hosts()).toBe('a\n');
  });

  it.each([
    ['no markers', '10.0.0.1\ta.b\n'],
    ['no end marker', `# BEGIN sync-controller ${cluster}\n`],
    ['no newline at the end', ours.trimEnd()],
    ['a line behind the end', `${ours}10.0.0.1\ta.b\n`],
    ['a line before the beginning', `# x\n${ours}`],
    ['only a newline', '\n'],
  ])('nor may it have %s', async (_name, document) => {
    expect((await node.ask({ document })).result).toBe('INVALID');
  });
});

describe('the golden documents of the renderer', () => {
  const files = globSync(resolve(import.meta.dirname, '../cases/**/expected/{hosts,*.yml}'));
  it('are all valid for the receiver', async () => {
    expect(files.length).toBeGreaterThan(50);
    for (const [at, file] of files.entries()) {
      const document = readFileSync(file);
      const own = /^# BEGIN sync-controller (\S+)/u.exec(document.toString())?.[1];
      const kind = own === undefined ? 'traefik-routes' : 'hosts';
      const receipt = await node.ask({
        kind,
        document,
        seq: at + 1,
        flags: ['take-over'],
        ...(own === undefined ? {} : { cluster: own }),
      });
      expect({ file, text: receipt.text, code: receipt.code }).toEqual({ file, text: '', code: 0 });
    }
  });
});
