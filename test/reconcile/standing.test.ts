import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId, splitNodeId, type NodeId } from '../../src/model/node.ts';
import type { Outcome, TargetMemory } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { Standing } from '../../src/reconcile/standing.ts';
import { TermHolder } from '../../src/reconcile/term-holder.ts';
import { ManualClock } from '../support/manual-clock.ts';

const known = nodeId('worker_nodes', '10.0.0.1');
const strange = nodeId('worker_nodes', '10.0.0.2');
const digest = digestOf('x');

function planFor(id: NodeId, sshPort?: number): NodePlan {
  const bundle = { kind: 'hosts', bytes: 'x', digest, names: [], expectation: { kind: 'hosts', names: [] } };
  const { address } = splitNodeId(id);
  return { id, node: { id, name: id, address, sshPort }, bundles: [bundle] } as unknown as NodePlan;
}

const fenced = (id: NodeId, epoch: number): Outcome => ({
  ok: false,
  id,
  cause: 'fenced',
  evidence: '',
  reachable: true,
  facts: undefined,
  fence: { epoch, writer: 'bbbbbbbb' },
});

/** A standing whose one known node accepted the present term; the term store counts up from 1. */
async function rig() {
  let epoch = 0;
  let wait: Promise<void> = Promise.resolve();
  const terms = new TermHolder({
    keeper: {
      take: async ({ heard, writer }) => {
        await wait;
        epoch = Math.max(epoch, heard) + 1;
        return { clusterId: 'sc-1', epoch, writer };
      },
    },
    memory: {
      remember: () => Promise.resolve(),
      recall: () =>
        Promise.resolve({ term: { clusterId: 'sc-1', epoch: 1, writer: 'aaaaaaaa' }, seqLimit: 1000 }),
    },
    random: { unit: () => 0, hex: () => 'aaaaaaaa' },
    holder: 'test',
  });
  const accepted: TargetMemory = {
    accepted: { epoch: 1, writer: 'aaaaaaaa' },
    installed: digest,
    rungs: [],
  };
  const standing = new Standing({
    terms,
    memory: {
      recall: (id) => (id === known ? accepted : undefined),
      remember: () => undefined,
      flush: () => Promise.resolve(),
    },
    clock: new ManualClock(),
    log: silentLogger,
    pausedBy: () => undefined,
  });
  await standing.begin(0);
  return {
    standing,
    terms,
    hold: (until: Promise<void>) => {
      wait = until;
    },
  };
}

describe('the standing of a controller', () => {
  it('rises above an old record of a node that had not accepted its term', async () => {
    const { standing, terms } = await rig();
    expect(await standing.judge(planFor(strange), fenced(strange, 7))).toBe('again');
    expect(terms.current()?.epoch).toBe(8);
  });

  it('begins no term over an old record while it only re-asserts its own last one', async () => {
    const { standing, terms } = await rig();
    await terms.reassert('sc-1');
    expect(await standing.judge(planFor(strange), fenced(strange, 7))).toBe('later');
    expect(terms.current()?.epoch).toBe(1);
  });

  it('knows a rival by whichever row of a machine it is pushed under, and no other machine behind the same address', async () => {
    const twin = nodeId('management_laptops', '10.0.0.1');
    const { standing, terms } = await rig();
    await standing.judge(planFor(known), { ...fenced(known, 5), cause: 'timeout' } as Outcome);
    expect(await standing.judge(planFor(twin, 2222), fenced(twin, 7))).toBe('again');
    expect([standing.state().kind, terms.current()?.epoch]).toEqual(['writing', 8]);
    expect(await standing.judge(planFor(twin), fenced(twin, 9))).toBe('record');
    expect([standing.state().kind, terms.current()?.epoch]).toEqual(['rival', 8]);
  });

  it('stays silent beside a rival whatever old records other nodes show, until a person overrules', async () => {
    const { standing, terms } = await rig();
    expect(await standing.judge(planFor(known), fenced(known, 5))).toBe('record');
    expect(standing.state().kind).toBe('rival');
    expect(await standing.judge(planFor(strange), fenced(strange, 7))).toBe('record');
    expect(standing.state().kind).toBe('rival');
    expect(terms.current()?.epoch).toBe(1);
    await standing.overrule(7);
    expect(standing.state().kind).toBe('writing');
  });

  it('knows a rival also by a refusal of a push that left under its term before', async () => {
    const { standing } = await rig();
    await standing.judge(planFor(strange), fenced(strange, 7));
    await standing.judge(planFor(known), fenced(known, 7));
    expect(standing.state().kind).toBe('rival');
  });

  it('does not forget a rival that shows while a term is being taken', async () => {
    const { standing, hold } = await rig();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    hold(promise.then(() => undefined));
    const rising = standing.judge(planFor(strange), fenced(strange, 7));
    await standing.judge(planFor(known), fenced(known, 7));
    resolve(undefined);
    await rising;
    expect(standing.state().kind).toBe('rival');
  });
});
