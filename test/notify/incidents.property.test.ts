import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CauseClass } from '../../src/model/cause.ts';
import { hour, node, Story } from './story.ts';

const nodes = Array.from({ length: 6 }, (_, n) =>
  node(n, n === 5 ? 'management_laptops' : n === 4 ? 'worker_nodes' : 'vps_nodes'),
);
const causes: readonly CauseClass[] = [
  'auth',
  'sudo',
  'timeout',
  'refused',
  'no_receipt',
  'paused',
  'drift_observed',
];

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      n: fc.nat(5),
      cause: fc.constantFrom(...causes),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('heal' as const), n: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), n: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rival' as const), active: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(20_000), fc.nat(600_000), fc.nat(20_000_000)),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function play(story: Story, steps: readonly Step[]): number {
  let passed = 0;
  for (const one of steps) {
    if (one.kind === 'fail') story.fail(nodes[one.n]!, one.cause);
    else if (one.kind === 'heal') story.heal(nodes[one.n]!);
    else if (one.kind === 'forget') story.ledger.forget(nodes[one.n]!);
    else if (one.kind === 'rival') story.condition('rival', { active: one.active, summary: 'a rival' });
    else {
      story.pass(one.ms);
      passed += one.ms;
    }
  }
  return passed;
}

describe('whatever happens', () => {
  const courses = fc.array(step, { maxLength: 120, size: 'max' });

  it('an incident is told as failing, then once as over, and all are over when all is well', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        const story = new Story();
        play(story, steps);
        for (const id of nodes) story.heal(id);
        story.condition('rival', { active: false, summary: '' });
        story.pass(2 * hour);
        const byIncident = Map.groupBy(story.told, ({ incident }) => incident);
        for (const alerts of byIncident.values())
          expect(alerts.map(({ status }) => status)).toEqual(['firing', 'resolved']);
        expect(story.incidents.current().size).toBe(0);
        expect(story.incidents.ids()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('messages are bounded by the time that passes and the number of nodes', () => {
    fc.assert(
      fc.property(courses, (steps) => {
        const story = new Story();
        const passed = play(story, steps);
        const { flapCount, flapWindowMs, stableMs } = story.settings;
        // Of one subject: the failures that are no flapping yet in each window, and a flapping with its end in each stable time.
        const each =
          flapCount * (Math.floor(passed / flapWindowMs) + 1) + 2 * (Math.floor(passed / stableMs) + 1);
        expect(story.told.length).toBeLessThanOrEqual(2 * (nodes.length + 1) * each);
      }),
      { numRuns: 300 },
    );
  });

  it('a node that flaps fast is told once, however irregularly', () => {
    const flaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 1, max: 9_000 })), {
      minLength: 5,
      maxLength: 200,
    });
    fc.assert(
      fc.property(flaps, fc.constantFrom<CauseClass>('auth', 'timeout', 'no_receipt'), (course, cause) => {
        const story = new Story();
        for (const [down, up] of course) {
          story.fail(nodes[0]!, cause);
          story.pass(down);
          story.heal(nodes[0]!);
          story.pass(up);
        }
        story.pass(2 * hour);
        expect(story.words()).toEqual(['firing flapping 1', 'resolved flapping 1']);
      }),
      { numRuns: 100 },
    );
  });
});
