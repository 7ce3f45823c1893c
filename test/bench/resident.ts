// The same job with `ssh.resident`: one receiver stays on every session.
import { floorFile, proven } from './loops.ts';
import type { Row } from './report.ts';
import { ratioRow } from './rows.ts';
import type { Scene } from './scene.ts';
import type { Lap } from './stats.ts';
import { ansible, ansiblePath, ansibleVersion } from './ways/ansible.ts';
import { FloorLoop } from './ways/floor.ts';
import { WarmController } from './ways/ours.ts';
import { predecessor, predecessorPath } from './ways/openssh.ts';

const ownFile = 'etc/hosts';

/** Beside the bare loop, which starts a receiver per push, and once beside the slow peers. */
export async function compareResident(scene: Scene, rounds: number): Promise<readonly Row[]> {
  const floor = new FloorLoop(scene);
  const warm = await WarmController.start(scene, { resident: true });
  const group = 'Warm, with receivers that stay (`ssh.resident`)';
  const laps = { floor: [] as Lap[], ours: [] as Lap[] };
  try {
    const ours = (): Promise<Lap> => proven(scene, ownFile, (generation) => warm.change(generation));
    await ours();
    await proven(scene, floorFile, (generation) => floor.run(generation));
    for (let round = 0; round < rounds; round += 1) {
      laps.floor.push(await proven(scene, floorFile, (generation) => floor.run(generation)));
      laps.ours.push(await ours());
    }
    const rows = [
      ratioRow({ group, what: 'ours / floor, change, from the save', above: laps.ours, below: laps.floor }),
    ];
    const old = await proven(scene, predecessorPath, (generation) => predecessor(scene, generation));
    rows.push(
      ratioRow({ group, what: "predecessor's way / ours", above: [old], below: [await ours()], least: 50 }),
    );
    if ((await ansibleVersion()) === undefined) return rows;
    const theirs = await proven(scene, ansiblePath, (generation) => ansible(scene, generation, 'default'));
    rows.push(
      ratioRow({ group, what: 'Ansible, default / ours', above: [theirs], below: [await ours()], least: 50 }),
    );
    return rows;
  } finally {
    await warm.close();
    await floor.close();
  }
}
