import { describe, expect, it } from 'vitest';
import { maskText, maskValue } from '../../src/lib/mask.ts';

describe('text that leaves the machine', () => {
  it.each([
    ['password=hunter2 rest', 'password=[removed] rest'],
    ['got "password: hunter2" here', 'got "password: [removed]" here'],
    ['--api-key abc123 -v', '--api-key [removed] -v'],
    ['{"api_key":"zz\\"z","x":1}', '{"api_key":"[removed]","x":1}'],
    ["DB_PASSWORD='a b c' next", "DB_PASSWORD='[removed]' next"],
    ['https://ada:p4ss@host/x', 'https://[removed]@host/x'],
    ['Authorization: Basic aGVsbG8=', 'Authorization: [removed]'],
    ['Bearer abcdefghijkl', 'Bearer [removed]'],
    [`K10${'a'.repeat(64)}::server:xyz`, '[removed]'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n', '[private key removed]'],
    [`ghp_${'a1'.repeat(12)}`, '[removed]'],
    [`sct_${'a1'.repeat(32)}`, '[removed]'],
    [`scn_${'a1'.repeat(32)} of a node`, '[removed] of a node'],
  ])('%s loses its secret', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it.each(['the token expired', 'the token store cannot be read', 'no secret here', 'passed 3 of 4'])(
    '%s stays as it is',
    (text) => {
      expect(maskText(text)).toBe(text);
    },
  );

  it('loses fields with secret names at any depth, and secrets in any text; numbers and switches stay', () => {
    const value = {
      a: [{ apiToken: 'x', password: null, tokens: 3, hasSecret: true }],
      text: 'secret=1 b',
      n: 1,
    };
    expect(maskValue(value)).toEqual({
      a: [{ apiToken: '[removed]', password: null, tokens: 3, hasSecret: true }],
      text: 'secret=[removed] b',
      n: 1,
    });
  });

  it('is looked through in time that grows with its length alone', () => {
    const masked = maskText('a-'.repeat(200_000));
    expect(masked).toHaveLength(400_000);
  });
});
