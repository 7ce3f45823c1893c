import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyncError } from '../../src/lib/errors.ts';
import { formatLine, type LineFormat, type Look } from '../../src/lib/log-format.ts';
import { logLevels, type LogFields, type LogLevel } from '../../src/lib/logger.ts';
import { redact } from '../../src/lib/redact.ts';

const plain: Look = { colour: false, unicode: true, stacks: false };
const at = new Date(2026, 10, 21, 7, 49, 4).getTime();

function line(
  message: string,
  fields: LogFields = {},
  how: { level?: LogLevel; format?: LineFormat; look?: Partial<Look> } = {},
): string {
  return formatLine({ level: how.level ?? 'info', message, fields, at }, how.format ?? 'pretty', {
    ...plain,
    ...how.look,
  });
}

const json = (message: string, fields: LogFields = {}) =>
  JSON.parse(line(message, fields, { format: 'json' })) as Record<string, unknown>;

describe('a pretty line', () => {
  it.each([
    ['error', '[✗]', '[x]'],
    ['warn', '[⚠]', '[!]'],
    ['success', '[✓]', '[OK]'],
    ['info', '[INFO]', '[INFO]'],
    ['debug', '[DEBUG]', '[DEBUG]'],
    ['trace', '[TRACE]', '[TRACE]'],
  ] as const)(
    'of level %s begins with %s, or %s where the terminal knows ASCII only',
    (level, tag, ascii) => {
      expect(line('done', {}, { level })).toBe(`${tag} 2026-11-21 07:49:04 done`);
      expect(line('done', {}, { level, look: { unicode: false } })).toBe(`${ascii} 2026-11-21 07:49:04 done`);
    },
  );

  it('colours the tag and nothing else', () => {
    expect(line('done', {}, { level: 'error', look: { colour: true } })).toBe(
      '\u001b[31m[✗]\u001b[0m 2026-11-21 07:49:04 done',
    );
  });

  it('prints fields as name=value, quoted where needed', () => {
    expect(
      line('x', {
        node: 'a@b',
        text: 'two words',
        n: 3,
        list: ['a'],
        none: undefined,
        nil: null,
        empty: '',
        eq: 'a=b',
      }),
    ).toContain('x node=a@b text="two words" n=3 list=["a"] nil=null empty="" eq="a=b"');
  });

  it('prints an error as its messages, with the stack only where stacks are wanted', () => {
    const error = new Error('outer', { cause: new Error('inner') });
    expect(line('x', { error })).toContain('x error="outer: inner"');
    expect(line('x', { error })).not.toContain('at ');
    expect(line('x', { error }, { look: { stacks: true } })).toContain('log-format.test.ts');
  });

  it('tells what mends an error, and nothing twice', () => {
    const cause = new Error('disk full');
    const error = new SyncError('unavailable', 'the file cannot be written: disk full', {
      remedy: 'make room',
      cause,
    });
    expect(line('x', { error })).toContain('error="the file cannot be written: disk full; make room"');
  });
});

describe('a JSON line', () => {
  it('carries time, level, message and the fields', () => {
    expect(json('done', { node: 'a', n: 1 })).toEqual({
      time: new Date(at).toISOString(),
      level: 'info',
      message: 'done',
      node: 'a',
      n: 1,
    });
  });

  it('serialises errors with code, exit, remedy and causes', () => {
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const error = new SyncError('config', 'bad settings', { remedy: 'mend it', cause });
    expect(json('x', { error })['error']).toEqual({
      name: 'SyncError',
      message: 'bad settings',
      exit: 'config',
      remedy: 'mend it',
      cause: { name: 'Error', message: 'no such file', code: 'ENOENT' },
    });
  });

  it('keeps its own members whatever a field is called', () => {
    expect(
      json('real', { message: 'fake', level: 'error', time: 'never', ['__proto__']: { x: 1 } }),
    ).toMatchObject({ message: 'real', level: 'info' });
  });

  it('takes any value without failing', () => {
    const round: Record<string, unknown> = {};
    round['self'] = round;
    const parsed = json('x', {
      round,
      big: 10n,
      map: new Map([['k', 1]]),
      set: new Set([1]),
      bytes: new Uint8Array(9),
      when: new Date(0),
      fn: () => 1,
      sym: Symbol('s'),
    });
    expect(parsed).toMatchObject({
      big: '10',
      map: { k: 1 },
      set: [1],
      bytes: '[9 bytes]',
      when: '1970-01-01T00:00:00.000Z',
      fn: '[function]',
      sym: '[symbol]',
    });
    expect(JSON.stringify(parsed['round'])).toContain('[deeper]');
  });

  it('cuts a field that is an archive', () => {
    expect((json('x', { list: Array.from({ length: 5000 }, (_, n) => n) })['list'] as unknown[]).length).toBe(
      100,
    );
  });
});

describe('a line for the journal', () => {
  it.each([...logLevels.entries()].map(([, level]) => level))(
    'of level %s begins with its priority and has no time of its own',
    (level) => {
      const priority = { error: 3, warn: 4, success: 5, info: 6, debug: 7, trace: 7 }[level];
      expect(line('done', { a: 1 }, { level, format: 'journal' })).toMatch(
        new RegExp(`^<${priority}>\\[[^\\]]+\\] done a=1$`, 'u'),
      );
    },
  );
});

describe('any line', () => {
  const formats: readonly LineFormat[] = ['pretty', 'json', 'journal'];

  it('tells a date that is none, instead of failing', () => {
    expect(line('x', { at: new Date(Number.NaN) })).toContain('[no date]');
  });

  it('is one line without control characters, whatever is logged', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(
          fc.string(),
          fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true }),
        ),
        fc.constantFrom(...formats),
        (message, fields, format) => {
          const text = line(message, fields, { format });
          // eslint-disable-next-line no-control-regex -- their absence is the claim
          expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each(formats)('cannot be forged by a message or field (%s)', (format) => {
    const text = line('a\n[✓] 2026-01-01 00:00:00 forged', { b: 'x\r\n<0>forged', '\n<0>c': 1 }, { format });
    expect(text.split('\n')).toHaveLength(1);
  });

  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\nAAAAMwAAAAtzc2gtZWQ\n-----END OPENSSH PRIVATE KEY-----`;
  it.each(formats)('shows no private key and no token (%s)', (format) => {
    const fields = {
      stdin: key,
      cut: key.slice(0, 90),
      password: 'hunter2',
      apiToken: 'abc',
      nested: { Authorization: 'x', private_key: 'y' },
      header: 'Bearer abcdefghijklmnop',
      error: new Error(key),
    };
    const text = line(
      `sent ${key} with eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln and AGE-SECRET-KEY-1QQQQQQ`,
      fields,
      { format },
    );
    expect(text).not.toMatch(/b3Blbn|AAAAMw|hunter2|abcdefghijklmnop|eyJ|QQQQQQ|"y"/u);
    expect(text).toContain('[private key removed]');
  });
});

describe('redact', () => {
  it('leaves everything else as it is', () => {
    const text =
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1 root@cp; bearer of news; -----BEGIN CERTIFICATE-----';
    expect(redact(text)).toBe(text);
  });

  it('removes every key of a text and keeps what lies between', () => {
    const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----';
    expect(redact(`a ${pem} b ${pem} c`)).toBe('a [private key removed] b [private key removed] c');
  });
});
