import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { nodeId } from '../../src/model/node.ts';
import { Logins } from '../../src/transport/logins.ts';
import { defaultTransportSettings } from '../../src/transport/settings.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { until } from '../fleet/process.ts';
import { ask, pinsOf, run } from './rig.ts';
import { scriptedHostKey } from './scripted-server.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Mark {
  readonly heap: number;
  readonly descriptors: number;
  readonly resources: number;
  readonly hosts: number;
}

/** Bytes per checkpoint by which a series grows: the slope of the straight line through it. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const below = values.reduce((sum, _value, index) => sum + (index - middle) ** 2, 0);
  return above / below;
}

describe('ten thousand exchanges and a thousand sessions', () => {
  const settings = { ...defaultTransportSettings, loginBurst: 1_000, loginRefillMs: 1 };
  const logins = new Logins(settings, systemClock);
  const transport = createSsh2Transport({ settings, logins });
  const hostKey = scriptedHostKey();
  let folder: string;
  let server: ChildProcessByStdio<Writable, Readable, null>;
  let ports: readonly number[] = [];
  let identity: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flat-'));
    identity = join(folder, 'id_ed25519');
    await writeFile(identity, ed25519Key('client').privateFile, { mode: 0o600 });
    await writeFile(join(folder, 'host'), hostKey.privateFile, { mode: 0o600 });
    const script = join(import.meta.dirname, 'flat-server.ts');
    server = spawn(process.execPath, [script, join(folder, 'host')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const told = await new Promise<Buffer>((resolve) => server.stdout.once('data', resolve));
    ports = JSON.parse(told.toString()) as number[];
  });
  afterAll(async () => {
    await transport.close();
    server.stdin.end();
    await rm(folder, { recursive: true });
  });
  const endpointAt = (port: number): Endpoint => ({
    ...{ id: nodeId('worker_nodes', '127.0.0.1'), host: '127.0.0.1', port, user: 'node' },
    ...{ identities: [identity], agentSocket: undefined, jumps: [], proxyCommand: undefined },
    pins: pinsOf([hostKey.publicLine]),
  });
  const mark = async (): Promise<Mark> => {
    // Sockets that were closed are let go of in the turns that follow.
    await delay(20);
    collect();
    return {
      heap: process.memoryUsage().heapUsed,
      descriptors: readdirSync('/proc/self/fd').length,
      resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
      hosts: logins.size,
    };
  };
  const marks = async (count: number, work: () => Promise<unknown>): Promise<readonly Mark[]> => {
    const seen: Mark[] = [];
    for (let round = 0; round < count; round += 1) {
      await work();
      seen.push(await mark());
    }
    return seen;
  };
  const exchanges = async (count: number, change: { fresh?: boolean } = {}): Promise<void> => {
    const lanes = ports.map(async (port) => {
      for (let turn = 0; turn < count / ports.length; turn += 1) {
        const result = await run(transport, endpointAt(port), ask('exit 0', change));
        if (result.exitCode !== 0) throw new Error(`exit ${String(result.exitCode)}`);
      }
    });
    await Promise.all(lanes);
  };
  const heapOf = (seen: readonly Mark[]): readonly number[] => seen.map(({ heap }) => heap);
  let noise = 0;

  it('leave an idle process as noisy as it is', { timeout: 180_000 }, async () => {
    await exchanges(500);
    // Half a thousand logins until the compiler has settled.
    await exchanges(600, { fresh: true });
    const idle = heapOf(await marks(10, () => delay(50)));
    noise = Math.max(...idle) - Math.min(...idle);
    expect(noise).toBeGreaterThanOrEqual(0);
  });

  it(
    'over warm sessions leave nothing behind: memory, descriptors, handles',
    { timeout: 180_000 },
    async () => {
      const seen = await marks(10, () => exchanges(1_000));
      const [first, last] = [seen[2], seen.at(-1)];
      // A hundred bytes a cycle would be a hundred kilobytes a checkpoint.
      expect(slopeOf(heapOf(seen.slice(2)))).toBeLessThan(30_000 + noise / 10);
      expect([last?.descriptors, last?.resources]).toEqual([first?.descriptors, first?.resources]);
    },
  );

  it('that are opened and closed leave nothing behind either', { timeout: 180_000 }, async () => {
    const seen = await marks(10, () => exchanges(100, { fresh: true }));
    const [first, last] = [seen[2], seen.at(-1)];
    // A session that stayed would be more than 50 KB: five megabytes a checkpoint; half a kilobyte is let pass.
    expect(slopeOf(heapOf(seen.slice(2)))).toBeLessThan(50_000 + noise / 10);
    expect(last?.descriptors).toBeLessThanOrEqual((first?.descriptors ?? 0) + 1);
    expect(last?.resources).toBeLessThanOrEqual((first?.resources ?? 0) + 1);
    await until('nothing is remembered of hosts that gave no reason to', () => logins.size === 0);
    await transport.close();
    await until('no socket is left', () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
  });
});
