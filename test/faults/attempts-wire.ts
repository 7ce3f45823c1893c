// Attempts through the one command: requests that mean something else.
import { result, type Attempt } from './attempt.ts';
import type { Way } from './escapes-world.ts';

const grammar = result('REQUEST');
const unknown = result('UNSUPPORTED');

/** [what, position, word]: one token of an acceptable request says something else. */
const tokens: readonly (readonly [string, number, string, RegExp])[] = [
  ['a kind that is a path', 5, '../../../../etc/passwd', grammar],
  ['a kind that is the folder itself', 5, '.', grammar],
  ['a kind that nobody described', 5, 'shadow', result('KIND')],
  ['a cluster that is a path', 3, '../../../../etc', grammar],
  ['a cluster with a pattern', 3, '????????', grammar],
  ['a node that is a path', 4, 'worker_nodes@../../etc/cron.d/x', grammar],
  ['a writer that is a path', 7, '../../../root', grammar],
  ['a nonce that is a path of a temp file', 12, '../../../../etc/cron.d/x', grammar],
  ['a substitution in a token', 12, '$(touch${IFS}/tmp/escaped)', grammar],
  ['arithmetic in a number', 10, 'a[$(id)]', grammar],
  ['a number in another base', 10, '0x7f', grammar],
  ['a length over the limit', 10, '4194305', grammar],
  ['the option --root in a token', 15, '--root', grammar],
  ['the mode term', 2, 'term', unknown],
  ['the mode vote', 2, 'vote', unknown],
  ['the mode release', 2, 'release', unknown],
  ['the mode install', 2, 'install', unknown],
  ['the mode expire, which only the timer has', 2, 'expire', unknown],
  ['a flag that nobody knows', 15, 'exec', unknown],
];

const lines: readonly Attempt[] = [
  ...tokens.map(([name, position, word, refused]) => ({
    name,
    run: (way: Way) => way.say(way.line({ [position]: word })),
    refused,
  })),
  { name: 'the option --root as a line', run: (way) => way.say('--root /tmp\n'), refused: grammar },
  {
    name: 'a line of a megabyte',
    run: (way) => way.say(Buffer.alloc(1_000_000, 'SC1 apply ')),
    refused: grammar,
  },
  {
    name: 'a line with NUL bytes',
    // The shell drops a NUL while it reads; the line that is left must not be a better one.
    run: (way) => way.say(way.line({ 5: 'ho\0sts/..' })),
    refused: grammar,
  },
  {
    name: 'a line with tabs, carriage returns and escapes',
    run: (way) => way.say(way.line({ 15: '-\t\r\u001b[2J' })),
    refused: grammar,
  },
  { name: 'a thousand NUL bytes', run: (way) => way.say(Buffer.alloc(1_000)), refused: grammar },
];

const bodies: readonly Attempt[] = [
  {
    name: 'a document that is a password file',
    run: (way) => way.say(way.request({ document: 'root::0:0::/root:/bin/sh\n' })),
    refused: result('INVALID'),
  },
  {
    name: 'a document that is a description of a target',
    run: (way) =>
      way.say(way.request({ document: 'format=SC1\nshape=file\npath=/etc/shadow\ncheck=hosts\n' })),
    refused: result('INVALID'),
  },
  {
    name: 'a document with lines behind its mark',
    run: (way) => way.say(way.request({ document: `${way.document()}10.9.9.9\tbank.example\n` })),
    refused: result('INVALID'),
  },
  {
    name: 'a document that renames localhost',
    run: (way) => way.say(way.request({ document: way.document('10.9.9.9\tlocalhost') })),
    refused: result('INVALID'),
  },
  {
    name: 'a document with NUL bytes',
    run: (way) => way.say(way.request({ document: way.document('10.9.9.9\ta.testcloud.local\0') })),
    refused: result('INVALID'),
  },
  {
    name: 'a document that is not the one that was announced',
    run: (way) => way.say(way.line({ 11: 'f'.repeat(64) })),
    refused: result('ALTERED'),
  },
  {
    name: 'a document that ends early',
    run: (way) => way.say(way.request().subarray(0, -5)),
    refused: result('TRUNCATED'),
  },
  {
    name: 'a request behind a request',
    run: async (way) => {
      const check = way.request({ mode: 'check', document: undefined });
      return `${await way.say(Buffer.concat([check, way.request()]))}[over]`;
    },
    refused: /^(?![^]*INSTALLED)[^]*"result":"CHECKED"/u,
  },
  {
    name: 'a request inside the document of a refused one',
    run: (way) => {
      const inner = way.request();
      return way.say(
        Buffer.concat([
          Buffer.from('SC1 stay\n'),
          way.request({ document: inner, cluster: 'cluster-of-others' }),
        ]),
      );
    },
    refused: /^(?![^]*INSTALLED)[^]*"result":"OWNED"/u,
  },
];

const stays: readonly Attempt[] = [
  {
    name: 'garbage after SC1 stay',
    run: (way) => way.say(`SC1 stay\n${'touch /tmp/escaped\n'.repeat(50)}`),
    refused: grammar,
  },
  {
    name: 'a good request after a refused one that stays',
    run: (way) => way.say(Buffer.concat([Buffer.from('SC1 stay\nSC1 nothing\n'), way.request()])),
    refused: /^(?![^]*INSTALLED)[^]*"result":"REQUEST"/u,
  },
  {
    name: 'SC1 stay twice',
    run: (way) => way.say(Buffer.concat([Buffer.from('SC1 stay\nSC1 stay\n'), way.request()])),
    refused: /^(?![^]*INSTALLED)[^]*"result":"REQUEST"/u,
  },
  {
    name: 'SC1 stay with a word more',
    run: (way) => way.say(Buffer.concat([Buffer.from('SC1 stay --root /tmp\n'), way.request()])),
    refused: /^(?![^]*INSTALLED)[^]*"result":"REQUEST"/u,
  },
  {
    name: 'SC1 stay behind a request',
    run: (way) => {
      const check = way.request({ mode: 'check', document: undefined });
      return way.say(Buffer.concat([check, Buffer.from('SC1 stay\n'), way.request()]));
    },
    refused: /^(?![^]*INSTALLED)[^]*"result":"CHECKED"/u,
  },
];

const fences: readonly Attempt[] = [
  {
    name: 'the request of another cluster',
    run: (way) =>
      way.say(way.request({ cluster: 'cluster-of-others', document: undefined, mode: 'rollback' })),
    refused: /"result":"(OWNED|REQUEST)"/u,
  },
  {
    name: 'a document of another cluster under its own id',
    run: (way) =>
      way.say(
        way.request({
          cluster: 'cluster-of-others',
          document: way.document('10.9.9.9\ta.testcloud.local').replaceAll(way.cluster, 'cluster-of-others'),
        }),
      ),
    refused: result('OWNED'),
  },
  {
    name: 'an old request that was recorded',
    run: (way) => {
      const { seq } = way.fence();
      return way.say(way.request({ seq: Math.max(1, seq - 1) }));
    },
    refused: /"result":"(STALE|CONFLICT)"/u,
  },
  {
    name: 'other bytes under the number of the last request',
    run: (way) => way.say(way.request({ seq: way.fence().seq })),
    refused: result('CONFLICT'),
  },
  {
    name: 'a writer that nobody elected, in the present term',
    run: (way) => way.say(way.request({ writer: 'somebodyelse' })),
    refused: result('RIVAL'),
  },
];

export const wireAttempts: readonly Attempt[] = [...lines, ...bodies, ...stays, ...fences];
