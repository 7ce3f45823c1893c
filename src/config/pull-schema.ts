import * as z from 'zod';
import { millis, oneOf, optionalPath, whole } from './leaf.ts';
import { place } from './listener-leaf.ts';

const error = 'a mapping of settings';
const urlError = 'an address such as https://sync.example.com:9443, without a path';

/** The listener for nodes that nobody can reach, and that fetch their configuration themselves. */
export const pull = z
  .strictObject(
    {
      listen: place(
        'off',
        ['0.0.0.0:9443', '[::]:9443'],
        'Where nodes fetch their configuration themselves, over TLS; `off` for nowhere. Nothing of the API is served there.',
      ),
      url: z
        .string({ error: urlError })
        .regex(
          /^https:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,39}\])(?::\d{1,5})?$/u,
          {
            error: urlError,
          },
        )
        .nullable()
        .default(null)
        .transform((value) => value ?? undefined)
        .describe(
          'How nodes reach it from where they are, as the command to join says it; else the address of `listen`.',
        ),
      certificate: optionalPath('PEM file of the certificate chain; read again when it changes.'),
      key: optionalPath('PEM file of its private key.'),
      trust: oneOf(
        ['key', 'system'],
        'key',
        'What a node trusts: the public key of this certificate, also of a self-signed one; or the authorities that its system trusts.',
      ),
      hangMs: millis(25_000, 'How long a visit waits for something to do.'),
      silentPeriods: whole(
        4,
        { min: 2, max: 1_000 },
        'A node that was not here for so many times `hangMs` is told as silent.',
      ),
      connectionsPerMinute: whole(
        1_200,
        { min: 1, max: 1_000_000 },
        'Connections that one address may open in a minute; nodes behind one router share it.',
      ),
      maxConnections: whole(
        4_096,
        { min: 1, max: 65_536 },
        'Connections at once; of whoever has shown no token yet half of them, and of those the oldest gives way.',
      ),
    },
    { error },
  )
  .refine(
    ({ listen, certificate, key }) => listen === 'off' || (certificate !== undefined && key !== undefined),
    { error: '`certificate` and `key` where `listen` is not `off`' },
  );
