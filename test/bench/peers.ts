// Other ways to do the same job, each run right beside one of ours.
import { floorFile, proven } from './loops.ts';
import type { Row } from './report.ts';
import { ratioRow } from './rows.ts';
import type { Scene } from './scene.ts';
import type { Lap } from './stats.ts';
import { ansible, ansibleInstall, ansiblePath, ansibleVersion } from './ways/ansible.ts';
import { ControlMasters, predecessor, predecessorPath } from './ways/openssh.ts';
import type { WarmController } from './ways/ours.ts';

interface Peer {
  readonly name: string;
  readonly file: string;
  readonly least: number;
  readonly run: (generation: number) => Promise<Lap>;
}

const mostRounds = 3;

/** From the save of a registry file to the last verified node, against each peer's whole run. */
export async function comparePeers(
  scene: Scene,
  warm: WarmController,
  rounds: number,
): Promise<readonly Row[]> {
  const masters = new ControlMasters(scene);
  try {
    // Their connections are opened outside the measured time, like our sessions.
    await masters.run(scene.nextGeneration());
    const peers = await peersOf(scene, masters);
    const pairs = peers.map((peer) => ({ peer, theirs: [] as Lap[], ours: [] as Lap[] }));
    for (let round = 0; round < Math.min(rounds, mostRounds); round += 1) {
      for (const { peer, theirs, ours } of pairs) {
        ours.push(await proven(scene, 'etc/hosts', (generation) => warm.change(generation)));
        theirs.push(await proven(scene, peer.file, peer.run));
        console.error(`bench: ${peer.name}: ${((theirs.at(-1)?.ms ?? 0) / 1000).toFixed(1)} s`);
      }
    }
    const group = 'End to end: other ways / ours, warm, from the save';
    return pairs.map(({ peer, theirs, ours }) =>
      ratioRow({ group, what: peer.name, above: theirs, below: ours, least: peer.least }),
    );
  } finally {
    await masters.close();
  }
}

async function peersOf(scene: Scene, masters: ControlMasters): Promise<readonly Peer[]> {
  const peers: Peer[] = [
    {
      name: "predecessor's way (3 sequential ssh a node)",
      file: predecessorPath,
      least: 50,
      run: (generation) => predecessor(scene, generation),
    },
    {
      name: 'parallel OpenSSH over open ControlMasters',
      file: floorFile,
      least: 1,
      run: (generation) => masters.run(generation),
    },
  ];
  if ((await ansibleVersion()) === undefined) {
    console.error(`bench: Ansible is left out; ${ansibleInstall}`);
    return peers;
  }
  return [
    ...peers,
    {
      name: 'Ansible, default',
      file: ansiblePath,
      least: 50,
      run: (generation) => ansible(scene, generation, 'default'),
    },
    {
      name: 'Ansible, tuned',
      file: ansiblePath,
      least: 1,
      run: (generation) => ansible(scene, generation, 'tuned'),
    },
  ];
}
