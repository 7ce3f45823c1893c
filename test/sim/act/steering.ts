import type { FreezeScope } from '../../../src/contract/steering.ts';
import { isoSeconds } from '../../../src/lib/clock.ts';
import { epochMs } from '../kernel/globals.ts';
import type { Stage } from '../stage.ts';
import type { Deed } from './deed.ts';

const person = { who: 'person', reason: 'the simulator' };

/** A person freezes something for a while; what is held from then on. */
export function freeze(stage: Stage, scope: string, forMs: number): void {
  const { machine } = stage.main;
  const until = isoSeconds(epochMs + stage.world.nowMs + machine.wallOffsetMs + forMs);
  const request: FreezeScope = {
    nodes: scope === 'all' || scope.startsWith('type:') ? [] : [scope],
    type: scope.startsWith('type:') ? scope.slice('type:'.length) : undefined,
    all: scope === 'all',
  };
  // The end is written in whole seconds, and the clock rounds down.
  const untilMs = stage.world.nowMs + forMs - 1_000;
  stage.ask(stage.main, `freeze ${scope} until ${until}`, async ({ steering }) => {
    await steering.freeze({ scope: request, until, actor: person });
    stage.requests.hold(`freeze ${scope}`, machine, { scope, untilMs });
  });
}

/** A person lets a stopped or paused rollout go on. */
export function letGo(stage: Stage): void {
  const view = stage.main.engine?.parts.rollout?.current();
  if (view === undefined) return;
  const { phase } = view.record;
  if (phase === 'running') return;
  stage.rollouts.forget(stage.main.machine);
  if (phase === 'paused')
    stage.ask(stage.main, 'rollout resume', ({ steering }) => steering.resumeRollout(person));
  else stage.ask(stage.main, 'unpin', ({ steering }) => steering.unpin(person));
}

/** What people say of rollouts, freezes and drift. */
export const steeringDeeds: Readonly<Record<string, Deed>> = {
  'ask-rollout': (stage, { word }) => {
    const { main, rollouts } = stage;
    if (word === 'unpin') rollouts.forget(main.machine);
    stage.ask(main, `rollout ${word}`, async ({ steering }) => {
      if (word === 'pause') await steering.pauseRollout(person);
      if (word === 'resume') await steering.resumeRollout(person);
      if (word === 'abort' || word === 'hold')
        await steering.abortRollout({ hold: word === 'hold', actor: person });
      if (word === 'unpin') await steering.unpin(person);
    });
  },
  freeze: (stage, { word, who, forMs, number }) => {
    const node = stage.nodes[who % stage.nodes.length];
    if (node === undefined) return;
    const scope = word === 'all' ? 'all' : word === 'type' ? `type:${node.type}` : node.id;
    freeze(stage, scope, forMs);
    if (number > 0) stage.later(number * 100, () => stage.main.kill());
  },
  'drift-mode': (stage, { word, who, forMs }) => {
    const node = stage.nodes[who % stage.nodes.length];
    if (node === undefined) return;
    const set = (mode: 'correct' | 'observe' | 'freeze') => {
      stage.ask(stage.main, `drift ${node.id} ${mode}`, ({ steering }) =>
        steering.drift({ node: node.id, mode, actor: person }),
      );
    };
    set(word as 'observe');
    stage.later(forMs, () => set('correct'));
  },
};

/** Everything that a person's word still holds, let go by another word. */
export function correctDrift(stage: Stage): void {
  for (const rule of stage.main.engine?.parts.drift?.all() ?? [])
    if (rule.mode !== 'correct')
      stage.ask(stage.main, `drift ${rule.node} correct`, ({ steering }) =>
        steering.drift({ node: rule.node, mode: 'correct', actor: person }),
      );
}
