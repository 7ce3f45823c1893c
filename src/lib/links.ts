import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** How this machine is connected, as far as its kernel tells. */
export interface Links {
  /** Another text means that something has changed. */
  readonly fingerprint: string;
  /** Some interface that is up has an address that others can use. */
  readonly hasAddress: boolean;
  /** Undefined where the system has no table of routes that we can read. */
  readonly hasDefaultRoute: boolean | undefined;
}

/** Looks at interfaces and default routes. Of every pod's own interface nothing is taken: those come and go all day. */
export async function readLinks(): Promise<Links> {
  const addresses = usableAddresses();
  const routes = await Promise.all([
    routesOf('/proc/net/route', defaultRoute4),
    routesOf('/proc/net/ipv6_route', defaultRoute6),
  ]);
  const known = routes.filter((each) => each !== undefined).flat();
  return {
    fingerprint: [...addresses, ...known].sort().join('\n'),
    hasAddress: addresses.length > 0,
    hasDefaultRoute: routes.every((each) => each === undefined) ? undefined : known.length > 0,
  };
}

/** Addresses of interfaces that are up and have a carrier; others the system leaves out. */
function usableAddresses(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? [])
      .filter(({ internal, address }) => !internal && !/^(?:fe80:|169\.254\.)/u.test(address))
      .map(({ address }) => `${name} ${address}`),
  );
}

async function routesOf(
  path: string,
  routeOf: (words: readonly string[]) => string | undefined,
): Promise<readonly string[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text
    ?.split('\n')
    .map((line) => routeOf(line.trim().split(/\s+/u)))
    .filter((route) => route !== undefined);
}

/** Columns: interface, destination, gateway, flags, …, mask. */
function defaultRoute4(words: readonly string[]): string | undefined {
  const [name, destination, gateway] = words;
  return destination === '00000000' && words[7] === '00000000'
    ? `${String(name)} via ${String(gateway)}`
    : undefined;
}

/** Columns: destination, its length, source, its length, gateway, …, interface. The kernel keeps one on `lo` that refuses everything. */
function defaultRoute6(words: readonly string[]): string | undefined {
  const [destination, length, , , gateway] = words;
  const name = words[9];
  return destination === '0'.repeat(32) && length === '00' && name !== 'lo'
    ? `${String(name)} via ${String(gateway)}`
    : undefined;
}
