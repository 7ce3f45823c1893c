import { isIP } from 'node:net';
import type { Endpoint, ScanTarget } from './transport.ts';
import { TransportFailure } from './transport.ts';

const userForm = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\$?$/u;
const hostForm = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/u;
const zoneForm = /%[A-Za-z0-9_.-]{1,15}$/u;

/** True for a login name that no program can mistake for an option or a second word. */
export function isSafeUser(user: string): boolean {
  return userForm.test(user);
}

/** True for an IPv4 or IPv6 address or a host name that no program can mistake for an option. */
export function isSafeHost(host: string): boolean {
  return isIP(host.replace(zoneForm, '')) !== 0 || hostForm.test(host);
}

/** True for a TCP port. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** `host`, or `[host]:port` where the port is not 22: the form of known_hosts. */
export function hostWithPort(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${String(port)}`;
}

/**
 * Refuses words that could act as options or shell text, for the endpoint and every host it passes through.
 * @throws TransportFailure `quarantined` before anything is opened or started.
 */
export function assertSafe(target: ScanTarget & Partial<Pick<Endpoint, 'user'>>): void {
  const fault = faultOf(target);
  if (fault !== undefined) throw new TransportFailure('quarantined', fault, false);
  for (const jump of target.jumps ?? []) assertSafe({ ...jump, jumps: [] });
}

function faultOf(target: ScanTarget & Partial<Pick<Endpoint, 'user'>>): string | undefined {
  if (!isSafeHost(target.host))
    return `address: expected an IP address or host name, got ${quoted(target.host)}`;
  if (!isPort(target.port)) return `ssh port: expected 1-65535, got ${String(target.port)}`;
  if (target.user !== undefined && !isSafeUser(target.user)) {
    return `ssh user: expected a login name of [A-Za-z0-9_.@+-], got ${quoted(target.user)}`;
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
