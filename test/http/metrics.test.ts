import { describe, expect, it } from 'vitest';
import { livenessOf } from '../../src/contract/verdict.ts';
import { status } from '../cli/controller-double.ts';
import { Metrics } from '../../src/http/metrics/metrics.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { away, everything, rig, rolloutIn, row, samplesOf } from './metrics-rig.ts';

const name = (line: string): string => line.replace(/\{.*/u, '');

describe('a scrape', () => {
  it('tells the standing, the term, the queue and the sessions', async () => {
    const { samples } = rig({ status: status({ queue: { due: 3, delayed: 2, active: 1 } }) });
    const seen = await samples();
    expect(Object.fromEntries(seen)).toMatchObject({
      'sync_controller_build_info{version="1.2.3"}': 1,
      sync_controller_is_leader: 1,
      'sync_controller_standing{standing="writing"}': 1,
      'sync_controller_standing{standing="rival"}': 0,
      sync_controller_term_epoch: 7,
      'sync_controller_queue_depth{state="due"}': 3,
      'sync_controller_queue_depth{state="delayed"}': 2,
      'sync_controller_queue_depth{state="active"}': 1,
      sync_controller_ssh_sessions: 7,
      sync_controller_durable_store_available: 1,
      sync_controller_own_network_suspected: 0,
    });
  });

  it('tells how fresh the registries are, and what waits for a person in them', async () => {
    const finding = { severity: 'error', path: 'p', message: 'm', remedy: 'r' };
    const { samples } = rig({
      status: status({
        source: { ...status().source, state: 'last-good', proofAgeMs: 61_500, restarts: 4, stalls: 2 },
        held: [{ hash: 'a', reason: 'r', names: ['x', 'y'] }],
        orphans: ['vps_nodes@10.0.0.1'],
        findings: [finding, finding, { ...finding, severity: 'warning' }],
      }),
    });
    expect(Object.fromEntries(await samples())).toMatchObject({
      'sync_controller_source_state{state="fresh"}': 0,
      'sync_controller_source_state{state="last-good"}': 1,
      sync_controller_source_proof_age_seconds: 61.5,
      sync_controller_source_watch_restarts_total: 4,
      sync_controller_source_watch_stalls_total: 2,
      sync_controller_held_removals: 1,
      sync_controller_held_removal_names: 2,
      sync_controller_orphaned_nodes: 1,
      'sync_controller_registry_findings{severity="error"}': 2,
      'sync_controller_registry_findings{severity="warning"}': 1,
    });
  });

  it('tells how many nodes hold the newest revision, and how many wait for their turn with an earlier one', async () => {
    const nodes = [row('a'), row('b', { waits: 'its batch is 2 of 2' }), away('c')];
    const { samples } = rig({ status: status({ nodes, liveness: livenessOf(status({ nodes })) }) });
    expect(Object.fromEntries(await samples())).toMatchObject({
      'sync_controller_nodes{state="active"}': 2,
      sync_controller_nodes_live: 1,
      sync_controller_nodes_waiting: 1,
    });
  });

  it('counts nodes by state and by cause class, and knows which could not be reached', async () => {
    const { samples } = rig({
      status: status({
        nodes: [
          row('a', { lastSync: '2026-01-01T02:00:00Z' }),
          row('b', { lastSync: '2026-01-01T01:00:00Z' }),
          away('c'),
          away('d'),
          row('e', { state: 'error', cause: 'sudo', lastSync: '2025-01-01T00:00:00Z' }),
        ],
      }),
    });
    expect(Object.fromEntries(await samples())).toMatchObject({
      'sync_controller_nodes{state="active"}': 2,
      'sync_controller_nodes{state="pending_sync"}': 2,
      'sync_controller_nodes{state="error"}': 1,
      'sync_controller_nodes{state="unknown"}': 0,
      'sync_controller_nodes_by_cause{state="pending_sync",cause="timeout",kind="offline"}': 2,
      'sync_controller_nodes_by_cause{state="error",cause="sudo",kind="stalled"}': 1,
      sync_controller_oldest_verification_timestamp_seconds: Date.UTC(2026, 0, 1, 1) / 1000,
    });
  });

  it('forgets what is over', async () => {
    const { samples, become } = rig({ status: status({ nodes: [away('c')], rollout: rolloutIn('held') }) });
    expect([...(await samples()).keys()].join()).toContain('cause="timeout"');
    become(
      status({
        standing: 'no-term',
        term: null,
        source: { ...status().source, proofAgeMs: null },
        version: '2.0.0',
      }),
    );
    const seen = await samples();
    const names = new Set([...seen.keys()].map(name));
    // What has nothing to tell is absent, not 0.
    for (const gone of [
      'sync_controller_nodes_by_cause',
      'sync_controller_term_epoch',
      'sync_controller_source_proof_age_seconds',
      'sync_controller_oldest_verification_timestamp_seconds',
      'sync_controller_rollout_batches',
    ])
      expect(names, gone).not.toContain(gone);
    expect(seen.get('sync_controller_is_leader')).toBe(0);
    expect(seen.get('sync_controller_rollout_phase{phase="held"}')).toBe(0);
    expect([...seen.keys()].filter((line) => name(line) === 'sync_controller_build_info')).toEqual([
      'sync_controller_build_info{version="2.0.0"}',
    ]);
  });

  it('tells the phase of the rollout and its batches', async () => {
    const { samples } = rig({ status: status({ rollout: rolloutIn('rolled-back') }) });
    const seen = await samples();
    expect(seen.get('sync_controller_rollout_phase{phase="rolled-back"}')).toBe(1);
    expect(seen.get('sync_controller_rollout_phase{phase="running"}')).toBe(0);
    expect(seen.get('sync_controller_rollout_batches')).toBe(3);
    expect(seen.get('sync_controller_rollout_batches_released')).toBe(1);
  });

  it('leaves the sessions out where the way to the nodes keeps none', async () => {
    const { samples } = rig({ ports: { sessions: () => undefined } });
    expect((await samples()).has('sync_controller_ssh_sessions')).toBe(false);
  });

  it('counts a cause that no catalogue has as other', async () => {
    const { samples } = rig({ status: status({ nodes: [row('a', { state: 'error', cause: 'moon' })] }) });
    expect(
      (await samples()).get('sync_controller_nodes_by_cause{state="error",cause="other",kind="stalled"}'),
    ).toBe(1);
  });

  it('tells of the process itself, and a start that stays the same', async () => {
    const { samples, clock } = rig();
    const [first, start] = [await samples(), 'process_start_time_seconds'];
    await clock.advance(90_500);
    const second = await samples();
    expect(second.get(start)).toBe(first.get(start));
    for (const one of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'])
      expect(second.get(one), one).toBeGreaterThan(0);
  });

  it('is refused before there is a controller', async () => {
    const metrics = new Metrics({ clock: systemClock, log: silentLogger, perNode: false });
    await expect(metrics.metricsText()).rejects.toMatchObject({ exit: 'unavailable' });
  });

  it('is made once for all who ask meanwhile, and anew for the next', async () => {
    let asked = 0;
    const { metrics } = rig({
      ports: {
        status: () => {
          asked += 1;
          return Promise.resolve(status());
        },
      },
    });
    const [one, two] = await Promise.all([metrics.metricsText(), metrics.metricsText()]);
    expect(one).toBe(two);
    expect(one.contentType).toMatch(/^text\/plain; version=0\.0\.4/u);
    await metrics.metricsText();
    expect(asked).toBe(2);
  });

  it('is possible again after one that failed', async () => {
    let failing = true;
    const { metrics } = rig({
      ports: { status: () => (failing ? Promise.reject(new Error('gone')) : Promise.resolve(status())) },
    });
    await expect(metrics.metricsText()).rejects.toThrow('gone');
    failing = false;
    expect(samplesOf((await metrics.metricsText()).body).size).toBeGreaterThan(100);
  });
});

describe('the number of series', () => {
  const many = (count: number) =>
    status({ nodes: Array.from({ length: count }, (_, n) => row(`n${String(n)}`)) });

  it('does not grow with the fleet', async () => {
    const few = await rig({ status: many(1) }).samples();
    const all = await rig({ status: many(1_000) }).samples();
    expect([...all.keys()]).toEqual([...few.keys()]);
  });

  it('is bounded where everything goes wrong that can', async () => {
    expect((await rig({ status: everything() }).samples()).size).toBeLessThan(500);
  });

  it('grows by two a node where that is asked for, and shrinks with the fleet', async () => {
    const { samples, become } = rig({ status: many(1_000), perNode: true });
    const names = ['sync_controller_node_active', 'sync_controller_node_last_verified_timestamp_seconds'];
    const own = (seen: ReadonlyMap<string, number>) =>
      [...seen.keys()].filter((line) => names.includes(name(line)));
    expect(own(await samples())).toHaveLength(2_000);
    become(status({ nodes: [away('b')] }));
    expect(own(await samples())).toEqual([
      'sync_controller_node_active{node="vps_nodes@b",name="b",type="vps_nodes"}',
    ]);
  });

  it('survives names that would end a label', async () => {
    const { samples } = rig({ status: status({ nodes: [row('a"b\\c\nd')] }), perNode: true });
    const seen = [...(await samples()).keys()].filter((line) => name(line) === 'sync_controller_node_active');
    expect(seen).toEqual([
      String.raw`sync_controller_node_active{node="vps_nodes@a\"b\\c\nd",name="a\"b\\c\nd",type="vps_nodes"}`,
    ]);
  });
});
