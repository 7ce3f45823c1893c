import { writeFileSync } from 'node:fs';
import { markdownTables, type Row } from './report.ts';

const path = new URL('../../docs/benchmarks.md', import.meta.url).pathname;

export interface Kept {
  readonly rows: readonly Row[];
  readonly facts: readonly string[];
  readonly nodes: number;
  readonly rounds: number;
  readonly date: string;
}

/** Writes docs/benchmarks.md from one whole run. */
export function keepResults(kept: Kept): string {
  writeFileSync(path, text(kept));
  return path;
}

function text({ rows, facts, nodes, rounds, date }: Kept): string {
  return `# Benchmarks

\`make bench\` writes this page (as root, on Linux; \`NODES=20 ROUNDS=3 ONLY=warm make bench\` for a part of it, which is printed and not kept).
It never fails on a time: only on a node that is not verified.

## What is measured

${String(nodes)} machines of \`test/fleet\`: each has its own root on the disk (every fsync is real), network namespace, OpenSSH server, host key,
login user with sudo, and the real receiver. The payload is a block of /etc/hosts of about 5 KB with 128 names, of which one changes.
All ways run on the same machines in one run, in turn (A B B A ...), and every ratio is taken pair by pair, so that a shared machine that slows down
slows both sides. **Read the ratios; the seconds are this machine's.** Controller, nodes and sshd share its cores, so most of
every time is the nodes' own CPU: sshd's session, sudo, bash, fsync.

- **floor**: a bare loop over ssh2, the same receiver with requests encoded beforehand, ${String(32)} at once, and the digest and the resolver rung
  of the receipt looked at. It writes a file of its own (a path has one owner) with the names that stand in /etc/hosts, so that every rung costs what it costs ours.
- **ours**: the whole controller in this process: registry, guard, plan, term, deadlines, pinned keys, ladder, status, durable memory.
  *change* is from the save of a registry file to the last node verified, *push* without the wait before it (file event, 50 ms of quiet, read, plan);
  *cold* is what \`syncctl push\` does without a daemon: open, begin a term (every reachable node is asked for its epoch), log in, push.
- **predecessor's way**: three ssh calls per node, one node after the other: reachability, \`tee\` under sudo, \`grep\`. No fsync, no receiver.
- **parallel OpenSSH**: the same receiver and requests through the ssh program, ${String(32)} at once: each call with its own connection, or over open ControlMasters.
- **Ansible**: \`copy\` and \`command: sha256sum\` with become, no facts; default (5 forks) and tuned (20 forks, pipelining, fixed interpreter).

## Results

${date}, ${String(rounds)} pairs (peers at most 3). Median (lowest-highest).

${facts.map((fact) => `- ${fact}`).join('\n')}

${markdownTables(rows)}

## Reading them

The row of \`sudo -n true\` says what a push costs before any of our code runs on the node; the rest of the floor is the receiver, and so is the distance
to the aim over the predecessor. The predecessor's and Ansible's seconds are mostly key exchanges, logins and starts of Python on these same cores;
on a real fleet each node has its own, and a push to all of them waits for one of them.

## What is noisy

Whatever else runs on the machine: single times vary by half, ratios of neighbours by a tenth. The cold rounds are the noisiest, because
${String(nodes)} logins at once are all CPU. Idle CPU counts the controller's threads by the kernel's own account (schedstat), so it is exact but short.
Memory is the resident set, of which Node's own program text is a third; it depends on when the garbage was last collected.
CPU per apply moves with whatever shares the core; compare it with that of an empty \`bash -c :\` in the same row.
`;
}
