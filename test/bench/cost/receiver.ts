import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '../scene.ts';
import { prepareRequests } from '../ways/requests.ts';

export interface ReceiverCost {
  /** Processes per apply, the receiver's own included. */
  readonly processes: number;
  readonly cpuMs: number;
  readonly unchangedCpuMs: number;
  /** CPU of `bash -c :` in the same run: what a process costs on this machine, today. */
  readonly bashMs: number;
}

const runs = 40;

// Counts processes by the counter of the node's own PID namespace, where nobody else runs, and CPU by the kernel's account of children.
const script = `
pids() { read -r _ _ _ _ PIDS </proc/loadavg; }
measure() {
  local name=$1 i before; shift
  times >/tmp/before; pids; before=$PIDS
  for ((i = 0; i < ${String(runs)}; i++)); do "$@" "$i" || exit 1; done
  pids; times >/tmp/after
  echo "$name $((PIDS - before)) $(tail -n 1 /tmp/before) $(tail -n 1 /tmp/after)"
}
apply() { /usr/local/lib/sync-controller/receive <"/tmp/change$1" >/tmp/out; }
again() { /usr/local/lib/sync-controller/receive <"/tmp/same$1" >/tmp/out; }
empty() { bash -c :; }
measure empty empty
measure apply apply
measure again again
`;

/** What one apply costs a node, from the receiver's own start, on a node of its own with nothing else to do. */
export async function measureReceiver(): Promise<ReceiverCost> {
  const scene = await openScene(1);
  try {
    const node = scene.fleet.node(0);
    const put = (name: string, generation: number): void => {
      const [request] = prepareRequests(scene, generation, 'hosts');
      if (request !== undefined) writeFileSync(join(node.rootDir, 'tmp', name), request.stdin);
    };
    for (let index = 0; index < runs; index += 1) put(`change${String(index)}`, index + 1);
    for (let index = 0; index < runs; index += 1) put(`same${String(index)}`, runs);
    writeFileSync(join(node.rootDir, 'tmp/measure.sh'), script);
    const told = await node.run('bash /tmp/measure.sh');
    if (told.code !== 0) throw new Error(`bench: receiver: ${told.stdout}${told.stderr}`);
    const lines = new Map(
      told.stdout
        .trim()
        .split('\n')
        .map((line) => [line.split(' ')[0] ?? '', line]),
    );
    const of = (name: string): { processes: number; cpuMs: number } => costOf(lines.get(name) ?? '');
    return {
      processes: of('apply').processes,
      cpuMs: of('apply').cpuMs,
      unchangedCpuMs: of('again').cpuMs,
      bashMs: of('empty').cpuMs,
    };
  } finally {
    await scene.close();
  }
}

/** `name PIDS user system user system`, the times as `0m1.234s`. */
function costOf(line: string): { processes: number; cpuMs: number } {
  const [, pids = '', ...times] = line.split(' ');
  const [user = 0, system = 0, userAfter = 0, systemAfter = 0] = times.map(seconds);
  return { processes: Number(pids) / runs, cpuMs: ((userAfter + systemAfter - user - system) * 1000) / runs };
}

function seconds(text: string): number {
  const [, minutes, rest] = /^(\d+)m([\d.]+)s$/u.exec(text) ?? [];
  if (minutes === undefined || rest === undefined)
    throw new Error(`bench: expected a time as 0m1.234s, got ${text}`);
  return Number(minutes) * 60 + Number(rest);
}
