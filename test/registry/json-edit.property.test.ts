import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  patchNodeRows,
  removeNodeRow,
  removeService,
  setNodeRow,
  setService,
  type Fields,
} from '../../src/registry/json-edit.ts';
import { nodeAt, parsed, sourceOf, type Path } from '../../src/registry/json-tree.ts';

const stamp = { at: '2026-11-21T07:49:24Z', by: 'root@cp' };

describe('whatever the registry and its formatting', () => {
  const word = fc.constantFrom('a', 'b', 'ip', 'é"\\', '__proto__', 'constructor', 'x y', '');
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(word, tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  const formats: readonly ((content: unknown) => string)[] = [
    (content) => JSON.stringify(content),
    (content) => JSON.stringify(content, null, 2),
    (content) => `${JSON.stringify(content, null, '\t')}\n`,
    (content) => JSON.stringify(content, null, 4).replaceAll('\n', '\r\n'),
    (content) => JSON.stringify(content, null, 2).replaceAll('\n', ' '),
    (content) => ` ${JSON.stringify(content).replaceAll(':', ' : ')}`.replaceAll('\\ :', '\\:'),
  ];
  const entries = fc.dictionary(word, value, { maxKeys: 4 });
  const format = fc.constantFrom(...formats);
  const json = (text: string): unknown => JSON.parse(text);

  /** Every value outside the path is spelled as before. */
  function expectForeignBytes(before: string, after: string, touched: Path): void {
    const [old, now] = [parsed(before, ''), parsed(after, '')];
    const visit = (path: Path): void => {
      if (path.length > 0 && path.every((step, n) => step === touched[n])) return;
      const [a, b] = [nodeAt(old, path), nodeAt(now, path)];
      if (a === undefined || b === undefined) throw new Error(`lost ${path.join('/')}`);
      const onTheWay =
        path.every((step, n) => step === touched[n]) ||
        (path.length < touched.length && path.every((step, n) => step === touched[n]));
      if (!onTheWay) expect(sourceOf(after, b)).toBe(sourceOf(before, a));
      else
        for (const key of Object.keys(json(sourceOf(before, a)) ?? {}))
          visit([...path, a.type === 'array' ? Number(key) : key]);
    };
    for (const key of Object.keys(old.type === 'object' ? (json(before) as object) : {}))
      if (key !== touched[0]) visit([key]);
  }

  test('setting an entry changes that entry, keeps foreign bytes, and twice is once', () => {
    fc.assert(
      fc.property(entries, word, entries, format, (content, name, fields, write) => {
        const text = write(content);
        fc.pre(JSON.stringify(json(text)) === JSON.stringify(json(JSON.stringify(content))));
        const present = Object.hasOwn(content, name) ? content[name] : undefined;
        fc.pre(
          present === undefined ||
            present === null ||
            (typeof present === 'object' && !Array.isArray(present)),
        );
        const result = setService(text, name, fields as Fields);
        const wanted = new Map(Object.entries(json(JSON.stringify(content)) as object));
        wanted.set(name, Object.fromEntries([...Object.entries(present ?? {}), ...Object.entries(fields)]));
        expect(json(result)).toEqual(json(JSON.stringify(Object.fromEntries(wanted))));
        expect(setService(result, name, fields as Fields)).toBe(result);
        expectForeignBytes(text, result, [name]);
      }),
      { numRuns: 400 },
    );
  });

  test('removing what was added gives the bytes from before', () => {
    fc.assert(
      fc.property(entries, entries, format, (content, fields, write) => {
        fc.pre(Object.keys(content).length > 0);
        const text = write(content);
        fc.pre(JSON.stringify(json(text)) === JSON.stringify(json(JSON.stringify(content))));
        expect(removeService(setService(text, 'new', fields as Fields), 'new')).toBe(text);
        const list = write({ vps_nodes: [content], more: 1 });
        fc.pre(
          JSON.stringify(json(list)) ===
            JSON.stringify(json(JSON.stringify({ vps_nodes: [content], more: 1 }))),
        );
        const row = { type: 'vps_nodes', address: 'new' } as const;
        expect(removeNodeRow(setNodeRow(list, { ...row, fields: fields as Fields }, stamp), row)).toBe(list);
      }),
      { numRuns: 400 },
    );
  });

  test('400 rows are patched in one go and only there', () => {
    const rows = Array.from({ length: 400 }, (_, n) => ({
      ip: `100.64.${n >> 8}.${n & 255}`,
      name: `n${n}`,
      status: 'active',
      keep: [n],
    }));
    const text = JSON.stringify({ vps_nodes: rows, foreign: 1 }, null, 2);
    const result = patchNodeRows(
      text,
      rows.map((row) => ({
        type: 'vps_nodes',
        address: row.ip,
        fields: { status: 'error', last_sync: 'T' },
      })),
    );
    expect(json(result)).toEqual({
      vps_nodes: rows.map((row) => ({ ...row, status: 'error', last_sync: 'T' })),
      foreign: 1,
    });
  });
});
