import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Traces } from '../../src/compose/traces/traces.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import type { TracesSettings } from '../../src/config/traces-schema.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import type { HistoryRecorder } from '../../src/reconcile/history.ts';
import type { NewPush } from '../../src/store/history/records.ts';
import type { SeenRevision } from '../../src/store/history/recorder.ts';
import { Listener, until } from '../notify/listener.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events?: readonly { readonly name: string }[];
  readonly status: { readonly code?: number };
}

/** The spans that a collector was sent. */
function spansOf(collector: Listener): readonly Span[] {
  return collector.heard.flatMap(({ body }) => {
    const parsed = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    return parsed.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

const attribute = (span: Span | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0];
const named = (spans: readonly Span[], name: string): Span | undefined =>
  spans.find((one) => one.name === name);

const revision = (digest: string, plans: Readonly<Record<string, readonly string[]>>): SeenRevision => ({
  ...{ digest, plans, at: '2026-01-01T00:00:00Z', source: 'directory', complete: true },
  ...{ findings: [], objects: [], texts: {} },
});
const push = (node: string, desired: string, changes: Partial<NewPush> = {}): NewPush => ({
  ...{ node, name: node, kind: 'change', attempted: true, attempt: 1, digest: 'R', epoch: 1, writer: 'w' },
  ...{ started: '2026-01-01T00:00:00Z', totalMs: 100, ok: true, changed: true, cause: null, evidence: '' },
  ...{
    desired,
    installed: desired,
    rungs: ['digest', 'parsed'],
    notes: [],
    receipt: null,
    state: null,
    who: null,
    why: null,
  },
  phases: { waitMs: 10, dialMs: 20, exchangeMs: 30, verifyMs: 40 },
  ...changes,
});
const failed = (cause: string): Partial<NewPush> => ({ ok: false, changed: false, cause, installed: null });

interface World {
  readonly traces: Traces;
  readonly recorder: HistoryRecorder;
  readonly collector: Listener;
  readonly told: { revisions: number; pushes: number };
  readonly said: string[];
}

async function world(changes: Partial<TracesSettings> = {}): Promise<World> {
  const collector = await Listener.open();
  const said: string[] = [];
  const log = loggerOver((level, text) => said.push(`${level}: ${text}`));
  const settings = {
    ...settingsSchema.parse({}).traces,
    ...changes,
    endpoint: changes.endpoint ?? `${collector.url}/v1/traces`,
  };
  const traces = new Traces({ settings, clock: systemClock, log });
  onTestFinished(async () => {
    await traces.close();
    await collector.close();
  });
  const told = { revisions: 0, pushes: 0 };
  const recorder = traces.observing<HistoryRecorder>({
    revision: () => (told.revisions += 1),
    push: () => (told.pushes += 1),
    revisionNumber: () => 1,
    digestOf: () => undefined,
    close: () => Promise.resolve(),
  });
  recorder.revision(revision('first', { a1: ['a'], b1: ['b'] }));
  return { traces, recorder, collector, told, said };
}

describe('the traces of changes', () => {
  it('tell one change from the edit to the last receipt, with the phases of every push in it', async () => {
    const { traces, recorder, collector, told } = await world();
    const now = systemClock.now();
    traces.connect(() => ({
      ...{ snapshot: undefined, sourceState: 'fresh', reason: undefined, remedy: undefined },
      ...{ heardMs: now - 500, readMs: now - 200 },
    }));
    recorder.revision(revision('second', { a2: ['a'], b2: ['b'] }));
    recorder.push(push('a', 'a2'));
    recorder.push(push('b', 'b2', failed('not_loaded')));
    recorder.push(push('b', 'b2', { attempt: 2 }));
    await traces.close();
    const spans = spansOf(collector);
    const root = named(spans, 'change');
    expect(spans.map(({ name }) => name).toSorted()).toEqual(
      [
        ...['change', 'read', 'plan', 'push a', 'push b', 'push b'],
        ...['wait', 'dial', 'exchange', 'verify'].flatMap((name) => [name, name, name]),
      ].toSorted(),
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(BigInt(root?.startTimeUnixNano ?? 0)).toBe(BigInt(now - 500) * 1_000_000n);
    for (const name of ['read', 'plan', 'push a'])
      expect(named(spans, name)?.parentSpanId).toBe(root?.spanId);
    const first = named(spans, 'push a');
    const phases = spans.filter(({ parentSpanId }) => parentSpanId === first?.spanId);
    expect(phases.map(({ name }) => name)).toEqual(['wait', 'dial', 'exchange', 'verify']);
    expect(phases.at(-1)?.endTimeUnixNano).toBe(first?.endTimeUnixNano);
    expect(first?.events?.map(({ name }) => name)).toEqual(['verified']);
    expect(attribute(root, 'sync.nodes.verified')).toBe(2);
    expect(spans.filter(({ status }) => status.code === 2).map(({ name }) => name)).toEqual(['push b']);
    expect(told).toEqual({ revisions: 2, pushes: 3 });
    expect(collector.heard[0]?.path).toBe('/v1/traces');
  });

  it('wait for no node that is away, and take its push in when it comes', async () => {
    const { traces, recorder, collector } = await world();
    recorder.revision(revision('second', { a2: ['a'], b2: ['b'] }));
    recorder.push(push('a', 'a2'));
    recorder.push(push('b', 'b2', failed('unreachable')));
    await until(() => named(spansOf(collector), 'change') !== undefined);
    const root = named(spansOf(collector), 'change');
    expect([attribute(root, 'sync.nodes.away'), root?.status.code ?? 0]).toEqual([1, 0]);
    recorder.push(push('b', 'b2', { kind: 'retry' }));
    await traces.close();
    const late = spansOf(collector).filter(({ name }) => name === 'push b');
    expect(late.map(({ traceId }) => traceId)).toEqual([root?.traceId, root?.traceId]);
  });

  it('follow a node into the newer change, and know a look from a change', async () => {
    const { traces, recorder, collector } = await world();
    recorder.push(push('a', 'a1', { kind: 'look' }));
    recorder.revision(revision('second', { a2: ['a'], b1: ['b'] }));
    recorder.revision(revision('third', { a3: ['a'], b1: ['b'] }));
    recorder.push(push('a', 'a3'));
    recorder.revision(revision('third', { a3: ['a'], b1: ['b'] }));
    recorder.push(push('a', 'a3', { kind: 'look' }));
    await traces.close();
    const spans = spansOf(collector);
    const changes = spans.filter(({ name }) => name === 'change');
    expect(
      changes.map((one) => [attribute(one, 'sync.revision'), attribute(one, 'sync.nodes.verified')]),
    ).toEqual([
      ['second', 0],
      ['third', 1],
    ]);
    expect(spans.filter(({ name }) => name === 'push a').map(({ traceId }) => traceId)).toEqual([
      changes[1]?.traceId,
    ]);
  });

  it('drop what does not fit while a collector hangs, say so once, and hold nothing up', async () => {
    const { traces, recorder, collector, told, said } = await world({ queue: 64, timeoutMs: 300 });
    collector.answer = () => undefined;
    for (let round = 0; round < 500; round += 1) {
      recorder.revision(revision(`r${String(round)}`, { [`a${String(round)}`]: ['a'] }));
      recorder.push(push('a', `a${String(round)}`));
    }
    expect(told).toEqual({ revisions: 501, pushes: 500 });
    await until(() => said.some((line) => line.includes('does not take them')));
    expect(spansOf(collector).length).toBeLessThanOrEqual(128);
    collector.answer = (_request, response) => response.writeHead(200).end('{}');
    await until(() => {
      recorder.revision(
        revision(`after${String(told.revisions)}`, { [`b${String(told.revisions)}`]: ['a'] }),
      );
      return said.some((line) => line.includes('takes traces again'));
    });
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    await traces.close();
  });

  it('cost nothing where nobody answers at all', async () => {
    const gone = await Listener.open();
    const endpoint = `${gone.url}/v1/traces`;
    await gone.close();
    const { traces, recorder, said } = await world({ endpoint, timeoutMs: 300 });
    recorder.revision(revision('second', { a2: ['a'] }));
    recorder.push(push('a', 'a2'));
    await until(() => said.some((line) => line.startsWith('warn')));
    await traces.close();
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('carry the token of a file, which is never in the log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'traces-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'very-secret\n');
    chmodSync(tokenFile, 0o600);
    const { traces, recorder, collector, said } = await world({ tokenFile });
    recorder.revision(revision('second', { a2: ['a'] }));
    recorder.push(push('a', 'a2'));
    await traces.close();
    expect(collector.heard[0]?.headers.authorization).toBe('Bearer very-secret');
    expect(said.join()).not.toContain('very-secret');
  });
});
