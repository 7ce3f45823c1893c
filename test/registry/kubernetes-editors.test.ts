import { describe, expect, it } from 'vitest';
import { configMapOf } from '../../src/registry/kubernetes-objects.ts';

const managed = (manager: string, time: string | undefined, ...keys: readonly string[]): object => ({
  manager,
  operation: 'Update',
  ...(time === undefined ? {} : { time }),
  fieldsV1: { 'f:data': { '.': {}, ...Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) } },
});

const editorsOf = (managedFields: unknown): Readonly<Record<string, string>> =>
  configMapOf({ metadata: { name: 'x', uid: 'u', resourceVersion: '1', managedFields }, data: {} }).editors;

describe('who wrote a key of a ConfigMap', () => {
  it('is the field manager that owns it', () => {
    expect(
      editorsOf([
        managed('helm', '2026-01-01T00:00:00Z', 'a', 'b'),
        managed('kubectl-edit', '2026-01-02T00:00:00Z', 'c'),
      ]),
    ).toEqual({ a: 'helm', b: 'helm', c: 'kubectl-edit' });
  });

  it('is the last to write where several own it, in whatever order they are listed', () => {
    const fields = [
      managed('late', '2026-01-02T00:00:00Z', 'a'),
      managed('early', '2026-01-01T00:00:00Z', 'a'),
      managed('undated', undefined, 'a'),
    ];
    expect(editorsOf(fields)).toEqual({ a: 'late' });
  });

  it.each([
    [undefined],
    [null],
    ['text'],
    [[1, null, { manager: 7 }, { manager: 'x' }, { manager: 'x', fieldsV1: { 'f:metadata': {} } }]],
  ])('is nobody where the server notes nothing that can be read: %j', (managedFields) => {
    expect(editorsOf(managedFields)).toEqual({});
  });
});
