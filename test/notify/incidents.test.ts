import { describe, expect, it } from 'vitest';
import type { CauseClass } from '../../src/model/cause.ts';
import { planA } from '../status/samples.ts';
import { hour, minute, node, second, Story } from './story.ts';

const hundred = Array.from({ length: 100 }, (_, n) => node(n));

describe('one incident', () => {
  it('is one alert and one recovery for 100 nodes that fail by one cause', () => {
    const story = new Story();
    for (const id of hundred) story.fail(id, 'auth');
    story.pass(hour);
    for (const id of hundred) story.heal(id);
    story.pass(hour);
    expect(story.words()).toEqual(['firing auth 100', 'resolved auth 100']);
    const [alert, recovery] = story.told;
    expect(alert!.summary).toBe('100 nodes: the node refuses our key (auth)');
    expect(alert!.nodes).toHaveLength(10);
    expect(alert!.remedy).toBe('syncctl health');
    expect(recovery!.incident).toBe(alert!.incident);
  });

  it('gathers nodes that fail one after the other, and those that are late join in silence', () => {
    const story = new Story();
    for (const id of hundred) {
      story.fail(id, 'auth');
      story.pass(second);
    }
    story.pass(hour);
    for (const id of hundred) {
      story.heal(id);
      story.pass(second);
    }
    story.pass(hour);
    expect(story.words()).toEqual(['firing auth 10', 'resolved auth 100']);
  });

  it('is one for a dead switch, whatever way each node is absent, and however it changes', () => {
    const story = new Story();
    const ways: CauseClass[] = ['timeout', 'refused', 'unreachable', 'connection_lost', 'dns'];
    for (const round of [0, 1, 2]) {
      for (const [n, id] of hundred.entries()) story.fail(id, ways[(n + round) % ways.length]);
      story.pass(4 * minute);
    }
    for (const id of hundred) story.heal(id);
    story.pass(hour);
    expect(story.words()).toEqual(['firing offline 100', 'resolved offline 100']);
    expect(story.told[0]!.summary).toBe('100 nodes: the node cannot be reached (offline)');
  });

  it('names the node, what was seen and what mends it where it is one', () => {
    const story = new Story();
    story.fail(node(4), 'sudo');
    story.pass(minute);
    expect(story.told[0]).toMatchObject({
      nodes: ['node-0-5'],
      count: 1,
      summary: 'node-0-5: sudo on the node asks for a password or refuses (sudo)',
      evidence: 'evidence of sudo',
      remedy: 'syncctl doctor node-0-5',
      since: '2026-01-01T00:00:00Z',
      at: '2026-01-01T00:00:10Z',
      cluster: 'home',
    });
  });

  it('is not over while a node of it fails again within the quiet time', () => {
    const story = new Story();
    for (let n = 0; n < 3; n += 1) {
      story.fail(node(1));
      story.pass(10 * minute);
      story.heal(node(1));
      story.pass(50 * second);
    }
    story.pass(hour);
    expect(story.words()).toEqual(['firing auth 1', 'resolved auth 1']);
  });

  it('is another one where a node fails long after the last', () => {
    const story = new Story();
    story.fail(node(1));
    story.pass(3 * hour);
    story.fail(node(2));
    story.pass(3 * hour);
    story.heal(node(2));
    story.pass(hour);
    expect(story.words()).toEqual(['firing auth 1', 'firing auth 1', 'resolved auth 1']);
    expect(story.told[2]!.incident).toBe(story.told[1]!.incident);
    expect(story.told[2]!.nodes).toEqual(['node-0-3']);
  });

  it('gives way to another where the cause is another, and ends', () => {
    const story = new Story();
    story.fail(node(1), 'timeout');
    story.pass(10 * minute);
    story.fail(node(1), 'hostkey_changed');
    story.pass(10 * minute);
    story.heal(node(1));
    story.pass(hour);
    expect(story.words()).toEqual([
      'firing offline 1',
      'firing hostkey_changed 1',
      'resolved offline 1',
      'resolved hostkey_changed 1',
    ]);
  });

  it('ends with the removal of its last node', () => {
    const story = new Story();
    story.fail(node(1));
    story.pass(minute);
    story.ledger.forget(node(1));
    story.pass(hour);
    expect(story.words()).toEqual(['firing auth 1', 'resolved auth 1']);
    expect(story.incidents.ids()).toEqual([]);
  });
});

describe('no news', () => {
  it('is a failure that passes within the grouping time', () => {
    const story = new Story();
    story.fail(node(1));
    story.pass(9 * second);
    story.heal(node(1));
    story.pass(hour);
    expect(story.told).toEqual([]);
  });

  it('is an absence under five minutes; a longer one is', () => {
    const story = new Story();
    story.fail(node(1), 'timeout');
    story.pass(4 * minute);
    story.heal(node(1));
    story.pass(hour);
    expect(story.told).toEqual([]);
    story.fail(node(1), 'timeout');
    story.pass(5 * minute);
    expect(story.words()).toEqual(['firing offline 1']);
  });

  it('is a laptop that is closed; one that refuses our key is', () => {
    const story = new Story();
    const laptop = node(1, 'management_laptops');
    story.fail(laptop, 'timeout');
    story.pass(100 * hour);
    expect(story.told).toEqual([]);
    story.fail(laptop, 'auth');
    story.pass(minute);
    expect(story.words()).toEqual(['firing auth 1']);
  });

  it('is what was known before a restart', () => {
    const before = new Story();
    before.fail(node(1));
    const story = new Story();
    story.ledger.recall([before.ledger.get(node(1))!]);
    story.ledger.expect(node(1), planA);
    story.pass(hour);
    expect(story.told).toEqual([]);
    story.fail(node(1));
    story.pass(minute);
    expect(story.words()).toEqual(['firing auth 1']);
  });

  it.each<CauseClass>(['paused', 'frozen', 'rollout_waiting'])('is a node that is %s', (cause) => {
    const story = new Story();
    story.fail(node(1), 'no_receipt', false);
    story.pass(minute);
    story.fail(node(1), cause);
    story.pass(hour);
    expect(story.ledger.get(node(1))).toMatchObject({ state: 'pending_sync', cause, hint: false });
    expect(story.told).toEqual([]);
  });

  it('is a cause that the settings leave out', () => {
    const story = new Story({ ignoreCauses: ['drift_observed'] });
    story.fail(node(1), 'drift_observed');
    story.pass(hour);
    expect(story.told).toEqual([]);
  });
});

describe('a node that flaps', () => {
  it.each<CauseClass>(['auth', 'timeout', 'no_receipt'])('ten times a minute by %s is told once', (cause) => {
    const story = new Story();
    for (let n = 0; n < 100; n += 1) {
      story.fail(node(1), cause);
      story.pass(3 * second);
      story.heal(node(1));
      story.pass(3 * second);
    }
    expect(story.words()).toEqual(['firing flapping 1']);
    expect(story.told[0]!.summary).toBe('node-0-2: it fails and recovers again and again (flapping)');
    story.pass(hour);
    expect(story.words()).toEqual(['firing flapping 1', 'resolved flapping 1']);
  });

  it('is one incident with all that flap, too', () => {
    const story = new Story();
    for (let n = 0; n < 20; n += 1) {
      for (const id of hundred) story.fail(id);
      story.pass(4 * second);
      for (const id of hundred) story.heal(id);
      story.pass(4 * second);
    }
    story.pass(hour);
    expect(story.words()).toEqual(['firing flapping 100', 'resolved flapping 100']);
  });

  it('and then stays down is told as failing, and not as flapping any more', () => {
    const story = new Story();
    for (let n = 0; n < 10; n += 1) {
      story.heal(node(1));
      story.pass(3 * second);
      story.fail(node(1));
      story.pass(3 * second);
    }
    story.pass(hour);
    expect(story.words()).toEqual(['firing flapping 1', 'firing auth 1', 'resolved flapping 1']);
  });

  it('and was stable again is told as failing when it fails once', () => {
    const story = new Story();
    for (let n = 0; n < 10; n += 1) {
      story.fail(node(1));
      story.pass(3 * second);
      story.heal(node(1));
      story.pass(3 * second);
    }
    story.pass(17 * minute);
    story.fail(node(1));
    story.pass(minute);
    expect(story.words()).toEqual(['firing flapping 1', 'resolved flapping 1', 'firing auth 1']);
  });

  it('slowly is told a few times, then once as flapping', () => {
    const story = new Story();
    for (let n = 0; n < 20; n += 1) {
      story.fail(node(1));
      story.pass(2 * minute);
      story.heal(node(1));
      story.pass(3 * minute);
    }
    story.pass(hour);
    expect(story.words().filter((words) => words === 'firing flapping 1')).toHaveLength(1);
    expect(story.told.length).toBeLessThanOrEqual(10);
    expect(story.words().at(-1)).toBe('resolved flapping 1');
  });
});

describe('a condition of the controller', () => {
  it('is one alert and one recovery, however often it is said', () => {
    const story = new Story();
    const rival = { summary: 'another controller writes', remedy: 'syncctl term take --reason "…"' };
    for (let n = 0; n < 60; n += 1) {
      story.condition('rival', { active: true, ...rival });
      story.pass(second);
    }
    for (let n = 0; n < 90; n += 1) {
      story.condition('rival', { active: false, ...rival });
      story.pass(second);
    }
    expect(story.words()).toEqual(['firing rival 0', 'resolved rival 0']);
    expect(story.told[0]).toMatchObject({
      summary: 'another controller writes (rival)',
      nodes: [],
      remedy: 'syncctl term take --reason "…"',
    });
  });

  it('that comes and goes is an incident of its own, apart from nodes that flap', () => {
    const story = new Story();
    for (let n = 0; n < 10; n += 1) {
      story.fail(node(1));
      story.condition('source_unreadable', { active: true, summary: 'the registries cannot be read' });
      story.pass(3 * second);
      story.heal(node(1));
      story.condition('source_unreadable', { active: false, summary: '' });
      story.pass(3 * second);
    }
    story.pass(hour);
    expect(story.words().sort()).toEqual([
      'firing flapping 0',
      'firing flapping 1',
      'resolved flapping 0',
      'resolved flapping 1',
    ]);
    expect(story.told.find(({ count }) => count === 0)!.summary).toBe(
      'the registries cannot be read, again and again (flapping)',
    );
  });

  it('that was told before a restart ends when it is said not to be', () => {
    const before = new Story();
    before.condition('source_unreadable', { active: true, summary: 'the registries cannot be read' });
    before.pass(minute);
    const story = new Story();
    for (const incident of before.incidents.current()) story.restore(incident);
    story.condition('source_unreadable', { active: false, summary: '' });
    story.pass(hour);
    expect(story.words()).toEqual(['resolved source_unreadable 0']);
  });
});
