import * as z from 'zod';
import { flag, oneOf, optionalPath, whole } from './leaf.ts';
import { isWholePair, networks, place, wholePair } from './listener-leaf.ts';

const error = 'a mapping of settings';
const nameError = 'a host name in lower case';

/** The settings of the HTTP API over TCP; the daemon's own socket needs none. */
export const api = z
  .strictObject(
    {
      listen: place(
        '127.0.0.1:9440',
        ['127.0.0.1:9440', '[::1]:9440'],
        'Where the API is served over TCP; `off` for nowhere. Every request needs a token: `syncctl token create`.',
      ),
      allowFrom: networks('Networks from which requests are answered at all.'),
      hosts: z
        .array(
          z
            .string({ error: nameError })
            .regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/u, { error: nameError }),
          {
            error: 'a list of host names',
          },
        )
        .max(64, { error: 'a list of at most 64 names' })
        .default([])
        .describe(
          'Names under which it may be asked, beside its address and `localhost`: any other is refused, since somebody else’s DNS may point here.',
        ),
      certificate: optionalPath(
        'PEM file of the certificate chain; with `key`, the API speaks TLS. Read again when it changes.',
      ),
      key: optionalPath('PEM file of its private key.'),
      requestsPerMinute: whole(
        600,
        { min: 1, max: 1_000_000 },
        'Requests that one address may make in a minute.',
      ),
      wrongTokensPerMinute: whole(
        10,
        { min: 1, max: 10_000 },
        'After so many wrong tokens an address is refused for the rest of the minute.',
      ),
      dashboard: flag(true, 'Serve the dashboard at `/` of the same address.'),
      sessionHours: whole(
        12,
        { min: 1, max: 720 },
        'Hours after which whoever has signed in to the dashboard has to do it again.',
      ),
    },
    { error },
  )
  .refine(isWholePair, wholePair);

/** What Prometheus gets. */
export const metrics = z.strictObject(
  {
    access: oneOf(
      ['token', 'open', 'off'],
      'token',
      '`/metrics` on the API’s address: for any token, for everybody in `api.allowFrom`, or for nobody.',
    ),
    perNode: flag(
      false,
      'Two series for every node beside the sums: on large fleets a burden for Prometheus.',
    ),
  },
  { error },
);
