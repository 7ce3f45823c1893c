import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Term } from '../../src/model/term.ts';
import { Engine } from '../../src/reconcile/engine.ts';
import type { ControllerParts } from '../../src/reconcile/parts.ts';
import type { StandingKind } from '../../src/reconcile/standing.ts';
import { ManualClock } from '../support/manual-clock.ts';

const last: Term = { clusterId: 'sc-aaaa', epoch: 4, writer: 'aaaaaaaa' };

/** An engine with only what deciding about terms takes. */
function rig(sourceState: 'fresh' | 'last-good' | 'none') {
  const begun: string[] = [];
  let [current, reasserting, kind]: [Term | undefined, boolean, StandingKind] = [undefined, false, 'no-term'];
  const state = { sourceState, reason: 'the API server is away', remedy: undefined, snapshot: undefined };
  const parts = {
    clock: new ManualClock(),
    log: silentLogger,
    registry: { current: () => state },
    standing: {
      state: () => ({ kind, reason: '' }),
      begin: () => {
        begun.push('new');
        current = last;
        return Promise.resolve(last);
      },
    },
    terms: {
      current: () => current,
      isReasserting: () => reasserting,
      reassert: () => {
        begun.push('reasserted');
        [current, reasserting] = [last, true];
        return Promise.resolve(last);
      },
    },
    termAskMs: 1,
  };
  return {
    engine: new Engine(parts as unknown as ControllerParts),
    begun,
    read: (next: 'fresh' | 'last-good') => {
      state.sourceState = next;
    },
    stand: (next: StandingKind) => {
      kind = next;
    },
  };
}

describe('the term of an engine', () => {
  it('does not begin anew on a last good state that was never held against its source', async () => {
    const { engine, begun } = rig('last-good');
    await engine.beginTerm([]);
    expect(begun).toEqual(['reasserted']);
  });

  it('begins anew once the registries were read, also where they are away again by then', async () => {
    const { engine, begun, read } = rig('fresh');
    await engine.beginTerm([]);
    read('last-good');
    await engine.beginTerm([]);
    expect(begun).toEqual(['new', 'new']);
  });

  it('is still to be begun under a pause, which only hides that there is none', async () => {
    const { engine, stand } = rig('fresh');
    stand('paused');
    expect(engine.needsTerm()).toBe(true);
    await engine.beginTerm([]);
    expect(engine.needsTerm()).toBe(false);
  });

  it('is not taken from a rival by itself', () => {
    const { engine, stand } = rig('fresh');
    stand('rival');
    expect(engine.needsTerm()).toBe(false);
  });
});
