import { isIP, type BlockList } from 'node:net';

/** Where something listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Address and port of `127.0.0.1:9440` or `[::1]:9440`; undefined for any other text. */
export function placeOf(text: string): Place | undefined {
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
