// A daemon whose API is served on a free port of loopback.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { withQuery } from '../../src/lib/query.ts';
import { hasStarted, startRig, type Rig } from './rig.ts';

export interface Open {
  readonly rig: Rig;
  readonly url: string;
  readonly said: () => string;
}

/** Starts two nodes, and the daemon over them. `rig.stop` ends all. */
export async function openApi(): Promise<Open> {
  const rig = await startRig({
    nodes: [
      { type: 'worker_nodes', name: 'worker' },
      { type: 'management_laptops', name: 'laptop' },
    ],
  });
  const text = readFileSync(rig.settings, 'utf8');
  writeFileSync(rig.settings, text.replace('listen: off', "listen: '127.0.0.1:0'"));
  const daemon = rig.daemon();
  await hasStarted(daemon);
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/u.exec(daemon.said()) ?? [];
  return { rig, url, said: daemon.said };
}

/** Mints a token. @returns its secret. */
export async function mint(rig: Rig, name: string, role: string): Promise<string> {
  const made = await rig.syncctl(['token', 'create', name, '--role', role]);
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('token revoke')]);
  return made.stdout.trim();
}

/** Asks a route of the API with a JSON body. */
export function post(url: string, path: string, token: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Reads a route of the API with a query. */
export function read(url: string, path: string, token: string, query: object = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${url}${withQuery(`/api/v1/${path}`, query)}`, { headers });
}
