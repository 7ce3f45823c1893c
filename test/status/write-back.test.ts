import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { loggerOver, silentLogger, type Logger } from '../../src/lib/logger.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { WriteBack } from '../../src/status/write-back.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bad, good, node1, planA } from './samples.ts';
import { SharedRegistry } from './shared-registry.ts';

const flushMs = 30_000;
const context = { desired: planA, passEnded: true };
const node2 = nodeId('management_laptops', '100.64.0.2');

const text = `{
  "management_laptops": [ { "ip": "100.64.0.2", "name": "lap", "webhook_port": 8080.0, "status": "active", "last_sync": null } ],
  "vps_nodes": [
    {"ip":"100.64.0.1", "x-foreign": {"a": [1, 2]}, "status": "active", "last_sync": "2025-01-01T00:00:00Z", "last_error": "2025-01-01T00:00:00Z"}
  ],
  "metadata": { "version": "1.0" }
}
`;

function setUp(registryText = text, log: Logger = silentLogger) {
  const clock = new ManualClock();
  const ledger = new Ledger(clock);
  const registry = new SharedRegistry(registryText);
  const writeBack = new WriteBack({ ledger, rows: registry, clock, log, flushMs });
  ledger.recallRows(registry.rows().values());
  return { clock, ledger, registry, writeBack };
}

const statusOf = (registry: SharedRegistry, id = node1) => registry.rows().get(id)?.recorded;

describe('writing statuses back', () => {
  it('B3: pending_sync of an offline node reaches the registry and survives the next read', async () => {
    const { clock, ledger, registry, writeBack } = setUp();
    ledger.record(bad('timeout', { reachable: false }), context);
    await clock.advance(flushMs);
    expect(statusOf(registry)).toMatchObject({ status: 'pending_sync', lastAttempt: '2026-01-01T00:00:00Z' });
    writeBack.observe(registry.rows());
    await clock.advance(2 * flushMs);
    expect(statusOf(registry)?.status).toBe('pending_sync');
    expect(registry.writes).toBe(1);
  });

  it('B4: writes error, never the predecessor\'s "failed", and reads "failed" as the same', async () => {
    const { clock, ledger, registry } = setUp(
      text.replace('"status": "active", "last_sync": "2025', '"status": "failed", "last_sync": "2025'),
    );
    expect(ledger.get(node1)).toMatchObject({ state: 'error', hint: true });
    ledger.record(bad('auth'), context);
    await clock.advance(flushMs);
    expect(registry.text).toContain('"status": "error"');
    expect(registry.text).not.toContain('failed');
  });

  it('B7: a node registered while a pass is written stays, and one that was removed stays removed', async () => {
    const { ledger, registry, writeBack } = setUp();
    const registered = '"worker_nodes": [{"ip":"100.64.0.9"}],\n  "metadata"';
    registry.meanwhile.push(
      (now) => now.replace('"metadata"', registered),
      (now) => now.replace(/\{ "ip": "100.64.0.2"[^}]*\}/u, ''),
    );
    ledger.record(bad('timeout'), context);
    ledger.record({ ...good(node2) }, context);
    await writeBack.flush();
    expect(registry.text).toContain(registered);
    expect(registry.rows().has(node2)).toBe(false);
    expect(statusOf(registry)?.status).toBe('pending_sync');
  });

  it('B9: a failed push is not forgotten by a later quiet pass of the others', async () => {
    const { clock, ledger, registry } = setUp();
    ledger.record(bad('not_loaded'), context);
    ledger.record(good(node2), context);
    await clock.advance(flushMs);
    ledger.record(good(node2), context);
    await clock.advance(10 * flushMs);
    expect(statusOf(registry)?.status).toBe('pending_sync');
    expect(ledger.get(node1)).toMatchObject({ state: 'pending_sync', installed: undefined, desired: planA });
  });

  it('edits exactly the four fields and leaves every other byte', async () => {
    const { ledger, registry, writeBack } = setUp();
    ledger.record(good(), context);
    await writeBack.flush();
    const strip = (from: string) =>
      from.replaceAll(/,?\s*"(?:status|last_sync|last_attempt|last_error)":\s*(?:"[^"]*"|null)/gu, '');
    expect(strip(registry.text)).toBe(strip(text));
    expect(statusOf(registry)).toEqual({
      status: 'active',
      lastSync: '2026-01-01T00:00:00Z',
      lastAttempt: '2026-01-01T00:00:00Z',
      lastError: undefined,
    });
    expect(registry.text).toContain('"last_error": null');
    expect(registry.text).toContain('8080.0');
  });

  it("lets an admin's save win byte for byte and puts our fields back within the period", async () => {
    const { clock, ledger, registry, writeBack } = setUp();
    ledger.record(bad('timeout'), context);
    await clock.advance(flushMs);
    const saved = text.replace('"x-foreign": {"a": [1, 2]}', '"x-foreign": "edited by hand"');
    registry.text = saved;
    writeBack.observe(registry.rows());
    expect(registry.text).toBe(saved);
    await clock.advance(flushMs);
    expect(statusOf(registry)?.status).toBe('pending_sync');
    expect(registry.text).toContain('"x-foreign": "edited by hand"');
  });

  it('never writes a hint', async () => {
    const { clock, registry, writeBack } = setUp();
    writeBack.observe(registry.rows());
    await clock.advance(2 * flushMs);
    expect(registry.writes).toBe(0);
  });

  it('writes nothing where the rows already say it', async () => {
    const { clock, ledger, registry, writeBack } = setUp();
    ledger.record(good(), context);
    await writeBack.flush();
    registry.text = registry.text.replace('"webhook_port"', '   "webhook_port"');
    ledger.record(good(), context);
    writeBack.observe(registry.rows());
    await clock.advance(10 * flushMs);
    expect(registry.writes).toBe(1);
  });

  it('makes at most one write per period, however many statuses move', async () => {
    const { clock, ledger, registry } = setUp();
    let periods = 0;
    for (; periods < 10; periods += 1) {
      for (let step = 0; step < 30; step += 1) {
        ledger.record(step % 2 === 0 ? good() : bad('timeout'), context);
        await clock.advance(flushMs / 30);
      }
    }
    expect(registry.writes).toBeGreaterThanOrEqual(periods - 1);
    expect(registry.writes).toBeLessThanOrEqual(periods + 1);
  });

  it('writes the first transition within seconds', async () => {
    const { clock, ledger, registry } = setUp();
    ledger.record(bad('auth'), context);
    await clock.advance(1_000);
    expect(statusOf(registry)?.status).toBe('error');
  });

  it('flushes at once when told', async () => {
    const { ledger, registry, writeBack } = setUp();
    ledger.record(bad('auth'), context);
    await writeBack.flush();
    ledger.record(good(), context);
    await writeBack.flush();
    expect(statusOf(registry)?.status).toBe('active');
    expect(registry.writes).toBe(2);
  });

  it('keeps what could not be written and writes it when the source is back', async () => {
    const { clock, ledger, registry, writeBack } = setUp();
    ledger.record(bad('auth'), context);
    registry.failure = new Error('503');
    await expect(writeBack.flush()).rejects.toThrow('503');
    await clock.advance(3 * flushMs);
    registry.failure = undefined;
    await clock.advance(flushMs);
    expect(statusOf(registry)?.status).toBe('error');
  });

  it('says once that it cannot write, and again only after it could', async () => {
    const lines: string[] = [];
    const { clock, ledger, registry } = setUp(
      text,
      loggerOver((level) => lines.push(level)),
    );
    registry.failure = new Error('503');
    ledger.record(bad('auth'), context);
    await clock.advance(20 * flushMs);
    expect(lines).toEqual(['warn']);
    registry.failure = undefined;
    await clock.advance(flushMs);
    registry.failure = new Error('503');
    ledger.record(good(), context);
    await clock.advance(2 * flushMs);
    expect(lines).toEqual(['warn', 'warn']);
  });

  it('changes nothing that a plan is made of, so that it triggers no push', async () => {
    const { ledger, registry, writeBack } = setUp();
    const digest = () => {
      const name = 'sync-controller-registry' as const;
      const object = {
        name,
        uid: 'u',
        resourceVersion: String(registry.writes),
        data: { 'registry.json': registry.text },
        annotations: {},
      };
      return parseRegistries(new Map([[name, object]]), undefined).digest;
    };
    const before = digest();
    ledger.record(bad('auth'), context);
    ledger.record(good(node2), context);
    await writeBack.flush();
    expect(registry.text).not.toBe(text);
    expect(digest()).toBe(before);
  });

  it('writes the newest status where a conflict made it write again', async () => {
    const { ledger, registry, writeBack } = setUp();
    ledger.record(bad('auth'), context);
    registry.meanwhile.push((now) => {
      ledger.record(good(), context);
      return `${now} `;
    });
    await writeBack.flush();
    expect(statusOf(registry)?.status).toBe('active');
  });

  it('passes over a row that is gone and a registry that is gone', async () => {
    const { ledger, registry, writeBack } = setUp();
    ledger.record(bad('auth', { id: nodeId('vps_nodes', '100.64.0.77') }), context);
    await writeBack.flush();
    expect(registry.text).toBe(text);
    registry.edit = async (edit) => Promise.resolve(edit(undefined));
    ledger.record(bad('timeout'), context);
    await expect(writeBack.flush()).resolves.toBeUndefined();
  });

  it('leaves no timer behind once it is closed', async () => {
    const { clock, ledger, registry, writeBack } = setUp();
    ledger.record(bad('auth'), context);
    writeBack.close();
    ledger.record(bad('timeout'), context);
    await clock.advance(10 * flushMs);
    expect(registry.writes).toBe(0);
  });
});
