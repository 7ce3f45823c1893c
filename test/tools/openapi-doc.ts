// Writes docs/openapi.json from the table of routes; with --check it only compares. Run: node test/tools/openapi-doc.ts
import packageJson from '../../package.json' with { type: 'json' };
import { openApiDocument } from '../../src/http/openapi.ts';
import { settle, type Generated } from './generated.ts';

/** The generated file. */
export const openApiFile: Generated = {
  path: 'docs/openapi.json',
  content: `${JSON.stringify(openApiDocument(packageJson.version), null, 1)}\n`,
};

if (import.meta.main) settle([openApiFile]);
