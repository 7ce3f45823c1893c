import * as z from 'zod';
import { millis, optionalPath, whole } from './leaf.ts';

const urlError =
  'an http or https URL without a user and password such as http://127.0.0.1:4318/v1/traces, or null';

/** OpenTelemetry. */
export const traces = z.strictObject(
  {
    endpoint: z
      .string({ error: urlError })
      .max(2048, { error: urlError })
      .refine(isPlainUrl, { error: urlError })
      .nullable()
      .default(null)
      .transform((value) => value ?? undefined)
      .describe(
        'Where each change is told as a trace, by OTLP over HTTP with JSON: the whole URL, as a rule ending in `/v1/traces`. Without it nothing of it is loaded.',
      ),
    tokenFile: optionalPath(
      'File of a token that is sent as `Authorization: Bearer`; others may not read it.',
    ),
    timeoutMs: millis(5_000, 'One delivery to the collector ends by then.'),
    queue: whole(
      2_048,
      { min: 64, max: 100_000 },
      'Spans that wait for the collector; further ones are dropped.',
    ),
  },
  { error: 'a mapping of settings' },
);

/** The section as the room takes it. */
export type TracesSettings = z.output<typeof traces>;

function isPlainUrl(text: string): boolean {
  const parsed = URL.parse(text);
  return (
    parsed !== null &&
    (parsed.protocol === 'http:' || parsed.protocol === 'https:') &&
    parsed.username === '' &&
    parsed.password === ''
  );
}
