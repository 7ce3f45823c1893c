import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { sshArguments } from './client.ts';
import { until } from './process.ts';
import type { Fleet, FleetNode } from './types.ts';

/** A login that stays open and answers every line with `heard <line>`. */
export interface Session extends AsyncDisposable {
  /** Everything the node answered so far. */
  readonly heard: readonly string[];
  readonly ended: boolean;
  say(line: string): void;
  /** Says a line and waits for its answer. */
  ask(line: string): Promise<void>;
}

/** Opens a session with the real OpenSSH client and proves that it answers; `shell` runs each line before the answer. */
export async function openSession(
  fleet: Fleet,
  node: FleetNode,
  { user = node.user, shell = false }: { readonly user?: string; readonly shell?: boolean } = {},
): Promise<Session> {
  const loop = `while read -r line; do ${shell ? 'eval "$line" 2>&1;' : ''} echo "heard $line"; done`;
  // A client whose test was killed would wait for ever for a fleet that is gone.
  const argv = ['--pdeathsig', 'KILL', '--', ...sshArguments(fleet, node, { user }), loop];
  const child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'ignore'] });
  const heard: string[] = [];
  let ended = false;
  child.stdin.on('error', () => undefined);
  const exit = new Promise<void>((resolve) => {
    child.on('exit', () => {
      ended = true;
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => heard.push(line));
  const session: Session = {
    heard,
    get ended() {
      return ended;
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    async ask(line) {
      session.say(line);
      await until(`${node.name} answers "${line}"`, () => ended || heard.includes(`heard ${line}`));
      if (!heard.includes(`heard ${line}`))
        throw new Error(`fleet: the session with ${node.name} ended unanswered`);
    },
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill('SIGKILL');
      await exit;
    },
  };
  await session.ask(': hello');
  return session;
}
