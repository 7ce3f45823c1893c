import { agree as mustAgree, wait } from '../act/agree.ts';
import { calm, converge } from '../act/calm.ts';
import { end, quiet } from '../act/probes.ts';
import { edit } from '../act/registry.ts';
import type { Stage } from '../stage.ts';
import type { Script } from '../script/action.ts';
import { settled, type Act } from './act.ts';
import { excuse } from './excuses.ts';
import { settings, settle } from './parts.ts';
import { commands, darkStart, daemonless } from './acts-commands.ts';
import { absences, decisions, registries } from './acts-daemon.ts';
import { removals, rivals, rollouts } from './acts-fleet.ts';

/** The one script that is played over and over: nothing in it is drawn but network times, and those always alike. */
export const crashScript: Script = {
  seed: 4,
  nodes: 5,
  periodHours: 0.021,
  pollMs: 5_000,
  parallel: 32,
  settings: { confirmSeconds: 0, rollout: settings.rollout },
  twins: false,
  faultsMs: 0,
  probes: [],
  actions: [],
};

const acts: readonly (readonly [string, Act])[] = [
  ['registries', registries],
  ['absences', absences],
  ['decisions', decisions],
  ['rollouts', rollouts],
  ['removals', removals],
  ['commands', commands],
  ['daemonless', daemonless],
  ['dark start', darkStart],
  ['rivals', rivals],
];

/**
 * Plays the script, ends all faults, and demands that everything is as it should be without a hand. Once `isOver` says so, no
 * further act begins: what a death leaves behind has to be mended by then on.
 */
export async function playScript(
  stage: Stage,
  { onAct, isOver }: { readonly onAct: (name: string) => void; readonly isOver: () => boolean },
): Promise<void> {
  onAct('the start');
  settle(stage.main);
  const wanted = excuse(stage);
  stage.main.start();
  await settled(stage, 20_000);
  for (const [name, act] of acts) {
    if (isOver()) break;
    stage.note(`=== ${name}`);
    onAct(name);
    await act(stage, wanted);
  }
  onAct('the end');
  calm(stage);
  await converge(stage);
  wanted.goingBack = false;
  wanted.leaving.clear();
  await quiet(stage);
  edit(stage, 'change');
  await mustAgree(stage, stage.nodes, 20_000, 'an edit after everything');
  await end(stage);
  await wait(stage, 1);
}
