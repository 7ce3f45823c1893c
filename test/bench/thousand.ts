// A thousand nodes: the same comparisons, and what the daemon weighs with a session to each.
import { daemonRows } from './costs.ts';
import { compareCold, compareWarm } from './loops.ts';
import type { Row } from './report.ts';
import type { Scene } from './scene.ts';
import { WarmController } from './ways/ours.ts';

/** One cold pair takes minutes of the nodes' CPU. */
const mostCold = 2;
const mostWarm = 3;

/** Ours beside the floor, cold, warm and with nothing to do, then the daemon alone. */
export async function manyNodes(scene: Scene, product: string, rounds: number): Promise<readonly Row[]> {
  const nodes = scene.fleet.nodes.length.toLocaleString('en');
  const cold = await compareCold(scene, Math.min(rounds, mostCold), {
    group: `${nodes} nodes, cold`,
    openssh: false,
  });
  const warm = await WarmController.start(scene);
  const group = `${nodes} nodes, warm`;
  const warmRows = await compareWarm(scene, warm, { group, rounds: Math.min(rounds, mostWarm) }).finally(() =>
    warm.close(),
  );
  const daemon = await daemonRows(scene, product, {
    group: `${nodes} nodes, the daemon as a process of its own with warm sessions`,
    mostMb: 150,
  });
  return [...cold, ...warmRows, ...daemon];
}
