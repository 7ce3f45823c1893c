import * as z from 'zod';
import { routes } from '../contract/routes.ts';
import { knowsSecrets, veilValue } from '../lib/veil.ts';

let words: ReadonlySet<string> | undefined;

/** An answer as it may leave: without what was sealed in a registry. Words of the contract stay, whoever else uses them. */
export function shown<T>(answer: T): T {
  if (!knowsSecrets()) return answer;
  words ??= wordsOf(Object.values(routes).map(({ answer: schema }) => schema));
  return veilValue(answer, words);
}

/** Every word that a schema names: roles, states, kinds. */
function wordsOf(schemas: readonly z.ZodType[]): ReadonlySet<string> {
  const found = new Set<string>(['alive', 'node', 'end', 'problem']);
  const collect = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part as unknown[]) collect(item);
    else if (typeof part === 'object' && part !== null) {
      for (const [name, value] of Object.entries(part)) {
        if ((name === 'enum' || name === 'const') && value !== null)
          for (const word of [value].flat() as unknown[]) if (typeof word === 'string') found.add(word);
        collect(value);
      }
    }
  };
  for (const schema of schemas) collect(z.toJSONSchema(schema, { unrepresentable: 'any' }));
  return found;
}
