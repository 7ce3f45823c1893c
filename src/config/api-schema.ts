import { BlockList, isIP } from 'node:net';
import * as z from 'zod';
import { flag, oneOf, optionalPath, whole } from './leaf.ts';

const error = 'a mapping of settings';
const listenError = '`off`, or an address and a port such as 127.0.0.1:9440 or [::1]:9440';
const networkError = 'a network such as 10.0.0.0/8, or an address';
const nameError = 'a host name in lower case';

/** Address and port of `127.0.0.1:9440` or `[::1]:9440`; undefined for any other text. */
export function addressOf(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/u.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const family = isIP(host);
  return port <= 65_535 && family === (bracketed === undefined ? 4 : 6) ? { host, port } : undefined;
}

/** Puts a network or an address on the list. @returns false where it is neither. */
export function addNetwork(list: BlockList, text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/u.exec(text) ?? [];
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  if (family === 0 || length > most) return false;
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** The settings of the HTTP API over TCP; the daemon's own socket needs none. */
export const api = z
  .strictObject(
    {
      listen: z
        .string({ error: listenError })
        .refine((text) => text === 'off' || addressOf(text) !== undefined, { error: listenError })
        .default('127.0.0.1:9440')
        .describe(
          'Where the API is served over TCP; `off` for nowhere. Every request needs a token: `syncctl token create`.',
        ),
      allowFrom: z
        .array(
          z.string({ error: networkError }).refine((text) => addNetwork(new BlockList(), text), {
            error: networkError,
          }),
          { error: 'a list of networks' },
        )
        .max(64, { error: 'a list of at most 64 networks' })
        .default(['127.0.0.0/8', '::1'])
        .describe('Networks from which requests are answered at all.'),
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
      certificate: optionalPath('PEM file of the certificate chain; with `key`, the API speaks TLS.'),
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
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: '`certificate` and `key` together, or none of them',
  });

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
