import type { ParseRegistries } from './last-good.ts';
import { parseRegistries } from './parse.ts';
import { remediesOf, type SourceSettings } from './source-remedies.ts';

/** Reads registries and says what mends them in the words of their source. */
export function parserFor(source: SourceSettings): ParseRegistries {
  const remedies = remediesOf(source);
  return (objects, lastGood) => parseRegistries(objects, lastGood, remedies);
}
