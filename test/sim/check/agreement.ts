import type { NodeId } from '../../../src/model/node.ts';
import type { NodeStatus } from '../../../src/model/status.ts';
import type { SimNode } from '../node/node.ts';
import { rowsIn } from '../person/registries.ts';
import type { Stage } from '../stage.ts';
import { saidBy } from './content.ts';
import { namesOf } from './installs.ts';

/** Why a node does not hold what the newest revision says; undefined where it does. */
export function bytesDiffer(stage: Stage, node: SimNode): string | undefined {
  const { newest } = stage.truth;
  if (newest === undefined) return undefined;
  const wanted = namesOf(newest, node);
  const { names } = saidBy(node.kind, node.file);
  for (const [name, value] of wanted)
    if (names.get(name) !== value)
      return `${node.id} says ${name} -> ${names.get(name) ?? 'nothing'}, not ${value}`;
  for (const name of names.keys()) if (!wanted.has(name)) return `${node.id} still has ${name}`;
  return undefined;
}

/** What the controller says of a row's node. */
export function statusOf(stage: Stage, id: string): NodeStatus | undefined {
  return stage.main.engine?.parts.status.get(id as NodeId);
}

/** Why a node is not in step in the controller's eyes; undefined where it is. */
export function statusDiffers(stage: Stage, node: SimNode): string | undefined {
  for (const id of node.rowIds) {
    const found = statusOf(stage, id);
    if (found === undefined) return `${id} has no status`;
    if (found.state !== 'active' || found.hint)
      return `${id} is ${found.state}${found.hint ? ' (unverified)' : ''} ${found.cause ?? ''}: ${found.evidence}`;
  }
  return undefined;
}

/** Why the rows of the registry do not tell what the controller knows; undefined where they do. */
export function rowsDiffer(stage: Stage): string | undefined {
  const rows = rowsIn(
    stage.scene.cluster.server.objects.get('sync-controller-registry')?.data['registry.json'],
  );
  for (const id of stage.nodes.flatMap((node) => node.rowIds)) {
    const row = rows.get(id);
    const status = statusOf(stage, id);
    if (row === undefined) return `the row of ${id} is gone`;
    if (row['status'] !== status?.state || row['last_sync'] !== status?.lastSync)
      return `the row of ${id} says ${String(row['status'])} at ${String(row['last_sync'])}, not ${status?.state ?? 'nothing'} at ${status?.lastSync ?? 'never'}`;
    if (row['note'] === undefined) return `the row of ${id} lost a field of somebody else`;
  }
  return undefined;
}

/** What still waits or is held open though there is nothing to do; undefined where nothing is. */
export function leftovers(stage: Stage): string | undefined {
  const { main, scene, world } = stage;
  const { engine, process } = main;
  if (engine === undefined || process === undefined) return 'no controller runs';
  const { due, delayed, active } = engine.parts.loop.queue.depth();
  if (due + delayed + active > 0)
    return `the queue holds ${String(due)} due, ${String(delayed)} delayed, ${String(active)} active keys`;
  const sessions = scene.transports.get(process);
  if ((sessions?.flights.size ?? 0) > 0) return `${String(sessions?.flights.size)} exchanges are under way`;
  if ((sessions?.sessions.size ?? 0) > stage.nodes.length)
    return `${String(sessions?.sessions.size)} sessions are open`;
  if (scene.cluster.watching > 4) return `${String(scene.cluster.watching)} watches are open`;
  const timers = world.timersOf(process);
  return timers > 40 ? `${String(timers)} timers are set` : undefined;
}

/** The first thing that is not as it should be at the end; undefined where all is. */
export function disagreement(stage: Stage): string | undefined {
  const { engine, process } = stage.main;
  // By the clock of its own machine.
  const standing = process?.run(() => engine?.parts.standing.state());
  if (standing?.kind !== 'writing')
    return `the controller is ${standing?.kind ?? 'not there'}: ${standing?.reason ?? ''}`;
  for (const node of stage.nodes) {
    const why = bytesDiffer(stage, node) ?? statusDiffers(stage, node);
    if (why !== undefined) return why;
  }
  return rowsDiffer(stage) ?? leftovers(stage);
}
