import { isIPv4, isIPv6 } from 'node:net';

/** What a grammar says of a value: the value in its canonical form, or what it expected instead. */
export type Verdict<T> =
  | { readonly ok: true; readonly value: T; readonly note?: string }
  | { readonly ok: false; readonly expected: string };

/** The strict form of one field. Nothing of a registry is used before it passed one. */
export type Grammar<T> = (value: unknown) => Verdict<T>;

const accept = <T>(value: T): Verdict<T> => ({ ok: true, value });
const refuse = (expected: string): { readonly ok: false; readonly expected: string } => ({
  ok: false,
  expected,
});

// ASCII before lower-casing: the Kelvin sign, for one, lower-cases to an ASCII k.
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const labelPath = new RegExp(`^${label}(?:\\.${label})*$`);
// Two of these and a dot stay below the 253 characters of a DNS name.
const maxNameLength = 120;

function isLabelPath(text: string): boolean {
  return text.length <= maxNameLength && labelPath.test(text);
}

// A node refuses a whole hosts block with such a name in it, since it would change what the machine calls itself.
const ownNames = /^(?:localhost(?:\.|$)|ip6-)/i;

/** A grammar of texts that match a pattern as they are. */
export function matching(pattern: RegExp, expected: string): Grammar<string> {
  return (value) => (typeof value === 'string' && pattern.test(value) ? accept(value) : refuse(expected));
}

/** `''`, `@` or lower-case DNS labels; upper-case letters are lowered. */
export const subdomain: Grammar<string> = (value) => {
  if (value === '' || value === '@') return accept(value);
  if (typeof value === 'string' && isLabelPath(value) && !ownNames.test(value))
    return accept(value.toLowerCase());
  return refuse(
    'a subdomain of letters, digits and hyphens, "" for the bare cluster domain or "@" for the root of a public domain',
  );
};

/** A public DNS domain of at least two labels, whose last one is not a number. */
export const domain: Grammar<string> = (value) => {
  if (typeof value === 'string' && isLabelPath(value) && /\.[A-Za-z][A-Za-z0-9-]*$/.test(value))
    return accept(value.toLowerCase());
  return refuse('a domain name such as example.com');
};

/** The cluster domain: one or more labels; a `.local` suffix is tolerated and dropped. */
export const clusterDomain: Grammar<string> = (value) => {
  const expected = refuse('a cluster domain of DNS labels without the suffix .local, such as minicloud');
  if (typeof value !== 'string') return expected;
  const text = value.trim().replace(/\.local$/i, '');
  return isLabelPath(text) && text.toLowerCase() !== 'local' && !ownNames.test(text)
    ? accept(text.toLowerCase())
    : expected;
};

/** Name of a service: the key of its entry. */
export const serviceName = matching(
  /^(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  'a service name of letters, digits, dot, hyphen and underscore',
);

/** A Kubernetes name or namespace. */
export const kubernetesName = matching(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, 'a Kubernetes name');

/** A node's name: it appears in messages and in commands a person copies. */
export const nodeName = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'a name of letters, digits, dot, hyphen and underscore',
);

/** A login name; never an option of ssh. */
export const sshUser = matching(
  /^[a-z_][a-z0-9_.-]{0,31}$/,
  'a login name of lower-case letters, digits, dot, hyphen and underscore',
);

/** A path on a node. */
export const remotePath = matching(
  /^(?:~|\/|~\/)[A-Za-z0-9._/@+-]{0,254}$/,
  'an absolute path of letters, digits and . _ / @ + -',
);

/** A point in time as the registries write it; compared by nobody, printed as it is. */
export const timestamp = matching(
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/,
  'a time such as 2025-11-21T20:45:00Z',
);

/** One word of a status or place. */
export const word = matching(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,62}$/, 'a short word');

/** A boolean; only `true` itself makes anything public. */
export const boolean: Grammar<boolean> = (value) =>
  typeof value === 'boolean' ? accept(value) : refuse('true or false');

/** A TCP port; decimal text is read as its number, with a note. */
export const port: Grammar<number> = (value) => {
  const expected = 'a whole number from 1 to 65535';
  const text = typeof value === 'string' && /^[1-9]\d{0,4}$/.test(value);
  const number = text ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65_535)
    return refuse(expected);
  return text ? { ok: true, value: number, note: `expected ${expected}, got it as text` } : accept(number);
};

/** IPv4 as it is, IPv6 in its shortest form; undefined for anything else, zones and IPv4-mapped forms included. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const short = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  return short.startsWith('::ffff:') ? undefined : short;
}

type AddressClass = 'ordinary' | 'loopback' | 'link-local' | 'unusable';

function classOf(address: string): AddressClass {
  if (address.includes(':')) {
    if (address === '::1') return 'loopback';
    if (/^fe[89ab]/.test(address)) return 'link-local';
    return address === '::' || address.startsWith('ff') ? 'unusable' : 'ordinary';
  }
  const [first = 0, second] = address.split('.').map(Number);
  if (first === 127) return 'loopback';
  if (first === 169 && second === 254) return 'link-local';
  return first === 0 || first >= 224 ? 'unusable' : 'ordinary';
}

function addressOf(refused: readonly AddressClass[], expected: string): Grammar<string> {
  return (value) => {
    const address = typeof value === 'string' ? canonicalAddress(value) : undefined;
    return address === undefined || refused.includes(classOf(address)) ? refuse(expected) : accept(address);
  };
}

/** Where a service answers. Loopback would be the node itself, link-local the cloud's metadata service. */
export const serviceAddress = addressOf(
  ['loopback', 'link-local', 'unusable'],
  'a unicast IP address that is not loopback or link-local',
);

/** Where a node answers; loopback is for nodes on this machine. */
export const nodeAddress = addressOf(['unusable'], 'a unicast IP address');
