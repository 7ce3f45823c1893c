import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId } from '../../src/model/node.ts';
import type { TargetMemory } from '../../src/model/outcome.ts';
import { SyncError } from '../../src/lib/errors.ts';
import { loggerOver, silentLogger } from '../../src/lib/logger.ts';
import { openDurable, type Durable } from '../../src/store/durable.ts';
import { DurableNodeMemory } from '../../src/store/node-memory.ts';
import { durableTermMemory } from '../../src/store/term-memory.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
const opened: Durable[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-'));
});
afterEach(async () => {
  for (const durable of opened.splice(0)) await durable.close();
  rmSync(folder, { recursive: true });
});

async function open(): Promise<Durable> {
  for (const durable of opened.splice(0)) await durable.close();
  const durable = await openDurable({
    path: join(folder, 'durable.db'),
    clock: new ManualClock(),
    log: silentLogger,
  });
  opened.push(durable);
  return durable;
}

const node = nodeId('vps_nodes', '100.64.0.1');
const other = nodeId('vps_nodes', '100.64.0.2');
const shown = (epoch: number): TargetMemory => ({
  accepted: { epoch, writer: 'w' },
  installed: digestOf(`plan ${epoch}`),
  rungs: ['digest', 'parsed'],
});

/** Counts what reaches the store. */
function counting(durable: Durable): Durable & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    state: () => durable.state(),
    close: () => durable.close(),
    ask: (name, ...args) => (asked.push(name), durable.ask(name, ...args)),
  };
}

describe('what nodes showed', () => {
  it('is known at once and after a restart', async () => {
    const memory = await DurableNodeMemory.open(await open(), silentLogger);
    expect(memory.recall(node, 'hosts')).toBeUndefined();
    memory.remember(node, 'hosts', shown(1));
    memory.remember(node, 'traefik-routes', { accepted: undefined, installed: undefined, rungs: [] });
    memory.remember(node, 'hosts', shown(2));
    expect(memory.recall(node, 'hosts')).toEqual(shown(2));
    await memory.flush();
    const later = await DurableNodeMemory.open(await open(), silentLogger);
    expect(later.recall(node, 'hosts')).toEqual(shown(2));
    expect(later.recall(node, 'traefik-routes')).toEqual({
      accepted: undefined,
      installed: undefined,
      rungs: [],
    });
  });

  it('costs no write where it is what was known, and few for a burst', async () => {
    const durable = counting(await open());
    const memory = await DurableNodeMemory.open(durable, silentLogger);
    for (let n = 0; n < 200; n += 1)
      memory.remember(nodeId('worker_nodes', `10.0.0.${n}`), 'hosts', shown(1));
    await memory.flush();
    const writes = () => durable.asked.filter((name) => name === 'rememberTargets').length;
    expect(writes()).toBe(1);
    for (let n = 0; n < 200; n += 1)
      memory.remember(nodeId('worker_nodes', `10.0.0.${n}`), 'hosts', shown(1));
    await memory.flush();
    expect(writes()).toBe(1);
  });

  it('is forgotten with the node, also on disk', async () => {
    const memory = await DurableNodeMemory.open(await open(), silentLogger);
    memory.remember(node, 'hosts', shown(1));
    memory.remember(other, 'hosts', shown(1));
    await memory.forget(node);
    await memory.flush();
    const later = await DurableNodeMemory.open(await open(), silentLogger);
    expect([later.recall(node, 'hosts'), later.recall(other, 'hosts')]).toEqual([undefined, shown(1)]);
  });

  it('is kept and written later where the store fails once', async () => {
    const durable = await open();
    let failing = true;
    const lines: string[] = [];
    const flaky: Durable = {
      ...durable,
      state: () => durable.state(),
      close: () => durable.close(),
      ask: (name, ...args) =>
        failing && name === 'rememberTargets'
          ? Promise.reject(new SyncError('unavailable', 'disk full'))
          : durable.ask(name, ...args),
    };
    const memory = await DurableNodeMemory.open(
      flaky,
      loggerOver((level, message) => lines.push(`${level} ${message}`)),
    );
    memory.remember(node, 'hosts', shown(1));
    await memory.flush();
    expect(lines).toEqual([expect.stringContaining('warn what nodes showed could not be stored')]);
    failing = false;
    await memory.flush();
    const later = await DurableNodeMemory.open(await open(), silentLogger);
    expect(later.recall(node, 'hosts')).toEqual(shown(1));
  });

  it('lasts as long as the process where the store is not available', async () => {
    writeFileSync(join(folder, 'durable.db'), 'x'.repeat(5000));
    const durable = await open();
    expect(durable.state().available).toBe(false);
    const memory = await DurableNodeMemory.open(durable, silentLogger);
    memory.remember(node, 'hosts', shown(1));
    await memory.flush();
    expect(memory.recall(node, 'hosts')).toEqual(shown(1));
    const terms = durableTermMemory(durable);
    expect(await terms.recall()).toBeUndefined();
    await terms.remember({ clusterId: 'c', epoch: 3, writer: 'w' }, 1000);
    expect((await terms.recall())?.term.epoch).toBe(3);
  });
});

describe('the own term', () => {
  it('is recalled after a restart with the seqs it may have used', async () => {
    await durableTermMemory(await open()).remember({ clusterId: 'c', epoch: 3, writer: 'w' }, 2000);
    expect(await durableTermMemory(await open()).recall()).toEqual({
      term: { clusterId: 'c', epoch: 3, writer: 'w' },
      seqLimit: 2000,
    });
  });
});

describe('a disk that is full', () => {
  it('refuses the one write, and reading goes on', () => {
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, '../../src', name));
    const script = `
      import { openDurable } from ${source('store/durable.ts')};
      import { systemClock } from ${source('lib/clock.ts')};
      import { silentLogger } from ${source('lib/logger.ts')};
      process.on('SIGXFSZ', () => undefined);
      const durable = await openDurable({ path: ${JSON.stringify(join(folder, 'durable.db'))}, clock: systemClock, log: silentLogger });
      let failure;
      for (let n = 0; failure === undefined && n < 10_000; n += 1) {
        await durable.ask('approve', { hash: String(n).repeat(2000), who: 'x', why: undefined, at: 'x' }).catch((error) => { failure = error; });
      }
      const reply = await durable.ask('approvals');
      console.log(JSON.stringify([failure?.exit, failure?.remedy?.slice(0, 9), reply.available && reply.value.length > 0]));`;
    const output = execFileSync(
      'bash',
      ['-c', 'ulimit -f 2000; exec "$0" --input-type=module-typescript -e "$1"', process.execPath, script],
      { timeout: 60_000 },
    );
    expect(JSON.parse(output.toString())).toEqual(['unavailable', 'make room', true]);
  });
});
