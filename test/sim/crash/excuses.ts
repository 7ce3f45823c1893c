import type { SimNode } from '../node/node.ts';
import type { Excuses } from '../check/installs.ts';
import type { Stage } from '../stage.ts';

/** What persons of the script ask for, and what the checks would otherwise take for a mistake of the controller. */
export class Wanted {
  /** A rollout was stopped: nodes get an older revision back. */
  goingBack = false;
  /** Nodes that a person takes out of the fleet. */
  readonly leaving = new Set<SimNode>();
}

/** Teaches the checks of a stage what the script means; everything that it does not mean stays forbidden. */
export function excuse(stage: Stage): Wanted {
  const wanted = new Wanted();
  const known = Reflect.get(stage.installs, 'excuses') as Excuses;
  Reflect.set(stage.installs, 'excuses', {
    ...known,
    forgot: (controller: string) => wanted.goingBack || wanted.leaving.size > 0 || known.forgot(controller),
    removed: (node: SimNode) => wanted.leaving.has(node),
  } satisfies Excuses);
  const { server } = stage.scene.cluster;
  const judge = server.onWrite;
  server.onWrite = (write) => {
    const isOfRows = write.after?.name === 'sync-controller-registry' && write.by !== 'person';
    if (!isOfRows || wanted.leaving.size === 0) {
      judge(write);
      return;
    }
    stage.note(`${write.by} writes the rows, while a node leaves`);
  };
  return wanted;
}
