import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { routes } from '../../src/contract/routes.ts';
import { present } from '../tools/generated.ts';
import { openApiFile } from '../tools/openapi-doc.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

describe('docs/openapi.json', () => {
  it('is what the table of routes says (node test/tools/openapi-doc.ts writes it)', () => {
    expect(present(openApiFile)).toBe(openApiFile.content);
  });

  it('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    expect(await validator.validate(openApiFile.content)).toMatchObject({
      valid: true,
    });
    expect(validator.version).toBe('3.1');
  });

  it('names every route that a token can reach, and no other', () => {
    const { paths } = JSON.parse(openApiFile.content) as Document;
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
      ),
    );
    const reachable = Object.entries(routes)
      .filter(([, { role }]) => role !== 'owner')
      .map(([name, { method, path }]) => `${name} ${method} ${path}`);
    expect(named.sort()).toEqual(reachable.sort());
  });
});
