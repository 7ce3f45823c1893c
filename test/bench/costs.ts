// What the controller, the receiver and the command line cost by themselves.
import { measureDaemon } from './cost/daemon.ts';
import { measureMemoryFloor } from './cost/memory-floor.ts';
import { measureReceiver } from './cost/receiver.ts';
import { measureStarts } from './cost/start.ts';
import { measureWatchers } from './cost/watchers.ts';
import type { Row } from './report.ts';
import type { Scene } from './scene.ts';
import { median, pairRatios, spread } from './stats.ts';

/** The daemon as a process of its own, warm and idle. */
export async function daemonRows(
  scene: Scene,
  main: string,
  { group, mostMb }: { readonly group: string; readonly mostMb: number },
): Promise<readonly Row[]> {
  const cost = await measureDaemon(scene, main);
  const floor = await measureMemoryFloor(scene, main);
  const ratio = (cost.rssMb / floor.sessionsMb).toFixed(2);
  const idle = `${cost.idleSeconds.toFixed(0)} s idle`;
  const opened = cost.idleCommands + cost.idleLogins;
  return [
    {
      group,
      what: `memory with ${String(cost.warmNodes)} warm nodes`,
      figure: `${cost.rssMb.toFixed(0)} MB`,
      aim: `<= ${String(mostMb)} MB`,
      met: cost.rssMb <= mostMb,
      beside: `VmRSS; highest ${cost.peakMb.toFixed(0)} MB`,
    },
    {
      group,
      what: 'memory of a process with the same sessions of bare ssh2',
      figure: `${floor.sessionsMb.toFixed(0)} MB`,
      aim: '',
      beside: `after as many pushes to each; ours is ${ratio} x that. Node.js with nothing to do: ${floor.nodeMb.toFixed(0)} MB`,
    },
    {
      group,
      what: 'memory of the daemon before its first node',
      figure: `${floor.emptyMb.toFixed(0)} MB`,
      aim: '',
      beside: 'the same runtime, its store and its socket, an empty registry',
    },
    {
      group,
      what: 'idle CPU',
      figure: `${cost.idlePercent.toFixed(3)} % of a core`,
      aim: '< 0.2 %',
      met: cost.idlePercent < 0.2,
      beside: `all threads, ${idle}`,
    },
    {
      group,
      what: 'SSH channels and logins while the registry is unchanged',
      figure: String(opened),
      aim: '0',
      met: opened === 0,
      beside: `sshd logs of all nodes over ${idle}, a save of the same bytes, and one of the same content in another form`,
    },
    {
      group,
      what: 'graceful stop',
      figure: `${cost.stopMs.toFixed(0)} ms`,
      aim: '< 10 s',
      met: cost.stopMs < 10_000,
      beside: 'SIGTERM to exit 0',
    },
  ];
}

/** What it costs that people watch: the way of an edit to every node, and memory. */
export async function watcherRows(scene: Scene, main: string, rounds: number): Promise<readonly Row[]> {
  const cost = await measureWatchers(scene, main, { listeners: 100, rounds });
  const group = 'The API, open and watched';
  const ratios = pairRatios(cost.watched, cost.alone);
  const moreMb = cost.openMb - cost.bareMb;
  const seconds = (ms: readonly number[]): string =>
    spread(
      ms.map((one) => one / 1_000),
      2,
    );
  return [
    {
      group,
      what: `an edit, ${String(cost.listeners)} listeners to the events / none`,
      figure: `${spread(ratios, 2)} x`,
      aim: '<= 1.1 x',
      met: median(ratios) <= 1.1,
      beside: `${seconds(cost.watched)} s / ${seconds(cost.alone)} s from the save to the last node; ${String(cost.events)} events were told, by a process on the same cores`,
    },
    {
      group,
      what: 'memory with the API open, metrics scraped and all of them listening, above the bare daemon',
      figure: `${moreMb.toFixed(1)} MB`,
      aim: '<= 30 MB',
      met: moreMb <= 30,
      beside: `VmRSS ${cost.openMb.toFixed(0)} MB / ${cost.bareMb.toFixed(0)} MB after the same edits`,
    },
  ];
}

/** One apply on a node that does nothing else. */
export async function receiverRows(): Promise<readonly Row[]> {
  const cost = await measureReceiver();
  const group = "The receiver, one apply of 5 KB from the receiver's own start";
  const bash = `an empty \`bash -c :\` ${cost.bashMs.toFixed(1)} ms in the same run`;
  return [
    {
      group,
      what: 'processes',
      figure: cost.processes.toFixed(1),
      aim: 'about 10',
      beside: 'counter of the PID namespace, the receiver itself included',
    },
    {
      group,
      what: 'CPU, change',
      figure: `${cost.cpuMs.toFixed(1)} ms`,
      aim: 'about 10 ms',
      met: cost.cpuMs <= 12,
      beside: `${(cost.cpuMs / cost.bashMs).toFixed(0)} x ${bash}`,
    },
    {
      group,
      what: 'CPU, same bytes again',
      figure: `${cost.unchangedCpuMs.toFixed(1)} ms`,
      aim: '',
      beside: `${(cost.unchangedCpuMs / cost.bashMs).toFixed(0)} x ${bash}`,
    },
  ];
}

/** Whole processes of the built command line, beside a Node that does nothing. */
export async function startRows(scene: Scene, main: string, rounds: number): Promise<readonly Row[]> {
  const cost = await measureStarts(scene, main, rounds);
  const group = 'The command line, whole processes';
  const help = pairRatios(cost.help, cost.bare);
  return [
    {
      group,
      what: '`syncctl --help` / bare Node',
      figure: `${spread(help, 2)} x`,
      aim: '<= 2 x',
      met: median(help) <= 2,
      beside: `${spread(cost.help, 0)} ms / ${spread(cost.bare, 0)} ms`,
    },
    {
      group,
      what: '`syncctl health`, directory source',
      figure: `${spread(cost.health, 0)} ms`,
      aim: '< 400 ms',
      met: median(cost.health) < 400,
      beside: `${spread(pairRatios(cost.health, cost.bare), 1)} x bare Node, ${String(scene.fleet.nodes.length)} nodes, no daemon`,
    },
  ];
}
