// docs/benchmarks.md: the words around, and one section per part, each renewed by itself.
import { readFileSync, writeFileSync } from 'node:fs';
import { parts, type Part } from './options.ts';
import { markdownTables } from './report.ts';
import type { Section } from './section.ts';

const path = new URL('../../docs/benchmarks.md', import.meta.url).pathname;

/** Puts sections in the place of those of the same parts; the others stay as they were measured. */
export function keepSections(sections: readonly Section[]): string {
  writeFileSync(path, renewed(readFileSync(path, 'utf8'), sections));
  return path;
}

/** The page with these sections renewed. */
export function renewed(page: string, sections: readonly Section[]): string {
  const kept = new Map(parts.map((part) => [part, sectionIn(page, part)]));
  for (const section of sections) kept.set(section.part, textOf(section));
  const texts = parts.flatMap((part) => {
    const text = kept.get(part);
    return text === undefined ? [] : [`${opening(part)}\n\n${text}\n\n${closing}`];
  });
  return `${before}\n${texts.join('\n\n')}\n\n${after}`;
}

const closing = '<!-- end -->';

function opening(part: Part): string {
  return `<!-- part ${part} -->`;
}

function sectionIn(page: string, part: Part): string | undefined {
  const start = page.indexOf(opening(part));
  const end = page.indexOf(closing, start);
  return start < 0 || end < 0 ? undefined : page.slice(start + opening(part).length, end).trim();
}

function textOf({ rows, measured }: Section): string {
  return `${markdownTables(rows)}\n\nMeasured ${measured.join('. ')}.`;
}

const before = `# Benchmarks

\`make bench\` writes this page (as root, on Linux, an hour). \`make bench ONLY=warm,growth KEEP=1\` renews only those sections; without \`KEEP=1\` a part is
printed and not kept. \`NODES=20 ROUNDS=1 EDITS=5\` make a quick try. It never fails on a time: only on a node that is not verified.

## What is measured

Machines of \`test/fleet\`: each has its own root on the disk (every fsync is real), network namespace, OpenSSH server, host key,
login user with sudo, and the real receiver. The payload is a block of /etc/hosts of about 5 KB with 128 names, of which one changes.
All ways run on the same machines in one run, in turn (A B B A ...), and every ratio is taken pair by pair, so that a shared machine that slows down
slows both sides. **Read the ratios; the seconds are this machine's.** Controller, nodes and sshd share its cores, so most of
every time is the nodes' own CPU: sshd's session, sudo, bash, fsync. Figures are the median (lowest-highest); every section says when and where it was measured.

- **floor**: a bare loop over ssh2, the same receiver with requests encoded beforehand, 32 at once, and the digest and the resolver rung
  of the receipt looked at. It writes a file of its own (a path has one owner) with the names that stand in /etc/hosts, so that every rung costs what it costs ours.
- **ours**: the whole controller in this process: registry, guard, plan, term, deadlines, pinned keys, ladder, status, durable memory.
  *change* is from the save of a registry file to the last node verified, *push* without the wait before it (file event, 50 ms of quiet, read, plan);
  *cold* is what \`syncctl push\` does without a daemon: open, begin a term (every reachable node is asked for its epoch), log in, push.
- **predecessor's way**: three ssh calls per node, one node after the other: reachability, \`tee\` under sudo, \`grep\`. No fsync, no receiver.
- **parallel OpenSSH**: the same receiver and requests through the ssh program, 32 at once: each call with its own connection, or over open ControlMasters.
- **Ansible**: \`copy\` and \`command: sha256sum\` with become, no facts; default (5 forks) and tuned (20 forks, pipelining, fixed interpreter).
- **500 KB**: the same with 6,000 names.
- **growth**: to 1,000 nodes every node is a machine of the fleet with its own sshd. One fleet holds no more, and 5,000 (3.5 MB each at rest)
  would fill the memory here, so beyond 1,000 the nodes are simulated: the whole controller runs, and a transport answers every request at once with the receipt of an apply that went well. Those rows are
  the controller's own work; the same is shown at 10, 100 and 1,000 to be compared with the real rows.
- **loaded**: VPS machines with a real Traefik each; a change counts when every Traefik has loaded it and answers by it. Traefik throttles reloads at 2 s.
- **writes**: a real API server; every write of an object is an event of a watch beside the controller.

## Results
`;

const after = `## Reading them

The row of \`sudo -n true\` says what a push costs before any of our code runs on the node; the rest of the floor is the receiver, and so is the distance
to the aim over the predecessor. The predecessor's and Ansible's seconds are mostly key exchanges, logins and starts of Python on these same cores;
on a real fleet each node has its own, and a push to all of them waits for one of them.

## What is noisy

Whatever else runs on the machine: single times vary by half, ratios of neighbours by a tenth. The cold rounds are the noisiest, because
a hundred logins at once are all CPU. Idle CPU counts the controller's threads by the kernel's own account (schedstat), so it is exact but short.
Memory is the resident set; it depends on when the garbage was last collected. A third of it is program text of Node.js, which other processes of it share.
Beside it stand a process with the same sessions of bare ssh2, after as many pushes, and the daemon before its first node: they show where the memory goes
and are no lower bound, for garbage is weighed with them.
CPU per apply moves with whatever shares the core; compare it with that of an empty \`bash -c :\` in the same row.
A p99 of few edits is their slowest: the row says how many there were.
`;
