import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editManifest, newManifest } from '../../src/registry/manifest-edit.ts';
import { parseManifest } from '../../src/registry/manifest.ts';

const name = 'service-registry';
const key = 'services.json';

function dataOf(text: string, object = name): Readonly<Record<string, string>> | undefined {
  const manifest = parseManifest(text);
  if (manifest.kind === 'invalid') throw new Error(manifest.reason);
  return manifest.objects.find((found) => found.name === object)?.data;
}

function edited(text: string, value: string): string {
  const result = editManifest(text, { name, namespace: 'kube-system', key, value });
  expect(dataOf(result)).toEqual({ ...dataOf(text), [key]: value });
  return result;
}

const head = `# kept comment\napiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: ${name}   # kept too\n    namespace: kube-system\n`;
const tail = `\n# between\n---\nkind: ConfigMap\nmetadata: {name: other}\ndata: {services.json: "not this one"}\n`;

describe('a value in a manifest', () => {
  const styles: Record<string, string> = {
    'literal block': `data:\n  a: "1"\n  ${key}: |\n    {\n      "x": 1\n    }\n  z: 'last'\n`,
    'literal block without final newline in its value': `data:\n  ${key}: |-\n    {\n      "x": 1\n    }\n  z: last\n`,
    'literal block kept with its trailing newlines': `data:\n  ${key}: |+\n    {"x":\n    1}\n  z: last\n`,
    'literal block with comment and indicator': `data:\n  ${key}: |2 # odd\n      {\n      }\n  z: last\n`,
    'deep literal block': `data:\n      ${key}: |\n             {\n             }\n      z: last\n`,
    'folded block': `data:\n  ${key}: >\n    {\n    }\n  z: last\n`,
    'double quotes': `data:\n  ${key}: "{\\"x\\":1}"   # why\n  z: last\n`,
    'single quotes': `data:\n  ${key}: '{}' # why\n  z: last\n`,
    'plain text': `data:\n  ${key}: none\n  z: last\n`,
    'nothing after the colon': `data:\n  ${key}:\n  z: last\n`,
    'nothing but a comment': `data:\n  ${key}: # later\n  z: last\n`,
    'a tagged and anchored string': `data:\n  ${key}: !!str &a "{}"\n  z: last\n`,
    'the last key, no newline at the end of the file': `data:\n  z: last\n  ${key}: "{}"`,
    'a flow mapping': `data: {a: "1", ${key}: '{}', z: last}\n`,
    'no such key': `data:\n  z: last # comment\n`,
    'no such key in a flow mapping': `data: {z: last}\n`,
    'an empty flow mapping': `data: {} # nothing yet\n`,
    'a null data': `data:\n`,
    'no data': ``,
  };
  const values = [
    '{\n  "x": 2\n}\n',
    '{\n  "x": 2\n}',
    '{"x":2}',
    '',
    '  {\n "lead": 1}\n',
    '\n{\n}\n',
    'a\r\nb',
    'tab\tbell\u0007 é \u2028 😀',
    '{\n}\n\n\n',
    '*x',
    'true',
    '12',
    '# no',
  ];

  describe.each(Object.entries(styles))('written as %s', (_style, body) => {
    test.each(values)('becomes %j and nothing else changes', (value) => {
      const text = head + body;
      const result = edited(text, value);
      expect(result.startsWith(head)).toBe(true);
      if (body.endsWith('z: last\n')) expect(result.endsWith('z: last\n')).toBe(true);
    });

    test('leaves other documents alone', () => {
      const closed = body === '' || body.endsWith('\n') ? body : `${body}\n`;
      const result = edited(head + closed + tail, '{\n  "x": 2\n}\n');
      expect(result.startsWith(head)).toBe(true);
      expect(result.endsWith(tail)).toBe(true);
    });

    test('keeps Windows line ends', () => {
      const result = edited((head + body + tail).replaceAll('\n', '\r\n'), '{\n  "x": 2\n}\n');
      expect(result.replaceAll('\r\n', '')).not.toContain('\n');
    });
  });

  test('changes only the lines that differ', () => {
    const body = `data:\n  ${key}: | # note\n    {\n\n      "a": 1,\n   \n      "b": 2,\n      "c": 3\n    }\n`;
    const old = dataOf(head + body)?.[key] ?? '';
    expect(edited(head + body, old.replace('"b": 2', '"b": 7'))).toBe(
      head + body.replace('"b": 2', '"b": 7'),
    );
  });

  test.each([
    ['compact JSON', `{"kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"${key}":"{}","z":"last"}}`],
    [
      'pretty JSON',
      `{\n  "kind": "ConfigMap",\n  "metadata": { "name": "${name}" },\n  "data": {\n    "z": "last"\n  }\n}\n`,
    ],
    ['JSON without data', `{\n  "kind": "ConfigMap",\n  "metadata": { "name": "${name}" }\n}\n`],
    ['JSON with empty data', `{"kind":"ConfigMap","data":{},"metadata":{"name":"${name}"}}`],
    ['JSON with null data', `{"kind":"ConfigMap","data":null,"metadata":{"name":"${name}"}}`],
    [
      'a JSON list',
      `{"kind":"List","items":[{"kind":"ConfigMap","metadata":{"name":"x"}},{"kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"${key}":""}}]}`,
    ],
  ])('stays JSON in %s', (_what, text) => {
    const result = edited(text, '{\n  "x": "ü\\"" }\n');
    expect(() => JSON.parse(result) as unknown).not.toThrow();
  });

  test('takes a YAML list as kubectl prints it', () => {
    const text = `apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    ${key}: '{}'\n  kind: ConfigMap\n  metadata:\n    name: ${name}\nkind: List\n`;
    expect(edited(text, '{\n}\n')).toBe(text.replace(`'{}'\n`, `|\n      {\n      }\n`));
  });

  test('keeps a byte order mark', () => {
    const text = `\ufeff${head}data:\n  ${key}: '{}'\n`;
    expect(edited(text, '{"x":1}').startsWith(`\ufeff${head}`)).toBe(true);
  });

  test('is refused where it is an alias', () => {
    const text = `${head}data:\n  base: &a '{}'\n  ${key}: *a\n`;
    expect(() => edited(text, '{"x":1}')).toThrow('cannot be edited safely');
  });

  test('comes back as written from a new manifest, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        fc.pre(value.isWellFormed());
        expect(dataOf(newManifest({ name, namespace: 'kube-system', key, value }))).toEqual({ [key]: value });
      }),
    );
  });

  const lines = fc
    .array(
      fc.constantFrom(
        '',
        ' ',
        '{',
        '}',
        '  "a": 1,',
        '"b": "x # y"',
        '\t"t": 1',
        '---',
        '...',
        '- x',
        '| y',
        '# c',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('\n'));

  test('is replaced exactly, twice as once, for any lines', () => {
    fc.assert(
      fc.property(lines, lines, fc.constantFrom(...Object.values(styles)), (first, second, body) => {
        const once = edited(edited(head + body, first), second);
        expect(edited(once, second)).toBe(once);
        expect(once.startsWith(head)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a manifest', () => {
  test.each([
    ['a broken document', 'data: [', 'Flow sequence'],
    ['a key written twice', 'kind: ConfigMap\nkind: ConfigMap\n', 'unique'],
    ['a tab as indentation', 'data:\n\tx: 1\n', 'Tabs'],
    ['endless nesting', '['.repeat(100_000), ''],
  ])('with %s is invalid', (_what, text, reason) => {
    const manifest = parseManifest(text);
    expect(manifest.kind === 'invalid' ? manifest.reason : '').toContain(reason);
    expect(manifest.kind).toBe('invalid');
  });

  test.each([
    ['a number', 'data: {cluster-name: 12}'],
    ['a mapping', 'data: {services.json: {}}'],
    ['a list as data', 'data: []'],
    ['an alias to nowhere', 'data: {x: *nowhere}'],
  ])('with %s instead of a string names the object it belongs to', (_what, body) => {
    const manifest = parseManifest(`kind: ConfigMap\nmetadata: {name: ${name}}\n${body}\n`);
    expect(manifest).toMatchObject({ kind: 'parsed', objects: [], faults: [{ name }] });
  });

  test('without objects is empty', () => {
    expect(parseManifest('')).toMatchObject({ kind: 'parsed', objects: [] });
    expect(parseManifest('# only a comment\n---\n')).toMatchObject({ kind: 'parsed', objects: [] });
  });

  test('keeps keys that have a meaning in JavaScript as plain keys', () => {
    const data = dataOf(
      `kind: ConfigMap\nmetadata: {name: ${name}}\ndata: {__proto__: "a", constructor: "b"}\n`,
    );
    expect(Object.entries(data ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});
