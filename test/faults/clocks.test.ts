// The wall clock of the controller jumps while a daemon works; what is measured and waited for goes by the other clock.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { until, type Daemon, type Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { edit, hosts, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;
const hour = 3_600_000;

/** Loaded before the daemon, into its threads as well: every reading of the wall clock is off by what a file says. */
const loader = (file: string): string => `
import { readFileSync } from 'node:fs';
const real = Date.now.bind(Date);
let [offset, read] = [0, -Infinity];
const now = () => {
  if (performance.now() - read > 50) [offset, read] = [Number(readFileSync(${JSON.stringify(file)}, 'utf8')), performance.now()];
  return real() + offset;
};
globalThis.Date = class extends Date {
  constructor(...given) { if (given.length === 0) super(now()); else super(...given); }
  static now() { return now(); }
};
`;

describe.skipIf(!available)('a daemon whose wall clock jumps', () => {
  let rig: Rig;
  let daemon: Daemon;
  let file: string;
  beforeAll(async () => {
    rig = await startFaultsRig();
    file = join(rig.folder, 'offset');
    const module = join(rig.folder, 'clock.mjs');
    writeFileSync(file, '0');
    writeFileSync(module, loader(file));
    vi.stubEnv('NODE_OPTIONS', `${process.env['NODE_OPTIONS'] ?? ''} --import ${pathToFileURL(module).href}`);
    daemon = rig.daemon();
    vi.unstubAllEnvs();
    const line = edit(rig);
    await until('both have the first edit', () => [0, 1].every((index) => hosts(rig, index).includes(line)));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const jump = (ms: number): void => {
    writeFileSync(file, String(ms));
  };
  /** What the receivers have installed so far, and what sshd has let in. */
  const traces = async (): Promise<string> => {
    const told = await Promise.all(
      [0, 1].map((index) => rig.node(index).run('cat /var/lib/sync-controller/clusters/*/hosts/journal')),
    );
    return told.map(({ stdout }) => stdout).join();
  };
  const year = async (): Promise<number> => {
    const said = (await rig.syncctl(['status', '-o', 'json'])).stdout;
    return Math.max(...[...said.matchAll(/"lastAttempt": "(\d{4})-/gu)].map(([, digits]) => Number(digits)));
  };

  it.each([
    ['an hour ahead', [hour]],
    ['an hour back', [-hour]],
    ['ten years ahead', [10 * 365 * 24 * hour]],
    ['to and fro', [hour, -hour, hour, -hour, 0]],
  ])('%s installs nothing by itself, keeps every state, and takes the next edit', async (what, offsets) => {
    const before = await traces();
    for (const ms of offsets) {
      jump(ms);
      const began = performance.now();
      // Long enough for probes, retries and the loop to have met the new time.
      await until('a while has passed', () => performance.now() - began > 1_500);
    }
    expect(await traces()).toBe(before);
    expect((await rig.syncctl(['health'])).code).toBe(0);
    const line = edit(rig);
    await until('both have the edit', () => [0, 1].every((index) => hosts(rig, index).includes(line)));
    // The jump was seen by the daemon at all.
    if (what.startsWith('ten')) await until('its times are of then', async () => (await year()) >= 2035);
    expect(daemon.said()).not.toMatch(/\[✗\]/u);
    jump(0);
  });

  it('is left in good order', async () => {
    expect(await daemon.stop()).toBe(0);
  });
});
