import { stat } from 'node:fs/promises';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Audited, AuditReport } from './audit.ts';
import type { Actor, ControllerApi, PlanRequest, PushRequest } from './controller.ts';
import { historyOver } from './history-routes.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from './lifecycle.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from './report.ts';
import type { Steered } from './steering.ts';
import { nodeTokensOver, type NodeTokened } from './node-tokens.ts';
import { steeringOver } from './steering-routes.ts';
import { noticesOver, type Noticed } from './notices.ts';
import { tokensOver, type Tokened } from './tokens.ts';
import { routes, type AnswerOf, type RouteName } from './routes.ts';
import type { Deadlines } from './socket-request.ts';

const defaults: Deadlines = { connectMs: 2_000, answerMs: 15_000 };

/** The controller behind the daemon's socket. */
export class SocketClient
  implements ControllerApi, NodeLifecycle, Steered, Tokened, NodeTokened, Audited, Noticed
{
  private readonly socket: string;
  private readonly deadlines: Deadlines;
  private readonly stop = new AbortController();

  constructor(socket: string, deadlines: Deadlines = defaults) {
    this.socket = socket;
    this.deadlines = deadlines;
  }

  /** The version of the daemon: also the proof that it answers. */
  async version(): Promise<string> {
    return (await this.call('version', {})).version;
  }

  push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    return this.call('push', request, onNode);
  }

  reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    return this.call('reconcile', { actor }, onNode);
  }

  plan(request: PlanRequest): Promise<PlanReport> {
    return this.call('plan', request);
  }

  status(): Promise<ControllerStatus> {
    return this.call('status', {});
  }

  approve(hash: string, actor: Actor): Promise<{ readonly applied: boolean }> {
    return this.call('approve', { hash, actor });
  }

  async pause(node: string | undefined, actor: Actor): Promise<void> {
    await this.call('pause', { node, actor });
  }

  async resume(node: string | undefined, actor: Actor): Promise<void> {
    await this.call('resume', { node, actor });
  }

  takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    return this.call('takeTerm', { actor });
  }

  removeNode({ node, abandon, dryRun, actor }: RemovalRequest): Promise<RemovalReport> {
    return this.call('removeNode', { node, abandon, dryRun, actor });
  }

  async restoreNode(node: string, actor: Actor): Promise<void> {
    await this.call('restoreNode', { node, actor });
  }

  async audit(limit: number): Promise<readonly AuditReport[]> {
    return (await this.call('audit', { limit })).entries;
  }

  /** What was, as the daemon keeps it. */
  readonly history = historyOver((name, body) => this.call(name, body));

  /** Rollouts, freezes and drift of the daemon. */
  readonly steering = steeringOver((name, body) => this.call(name, body));

  /** Messages to people, as the daemon sends them. */
  readonly notices = noticesOver((name, body) => this.call(name, body));

  /** Who may use the API over TCP. */
  readonly tokens = tokensOver((name, body) => this.call(name, body));

  /** Who may fetch the configuration of a node. */
  readonly nodeTokens = nodeTokensOver((name, body) => this.call(name, body));

  /** Ends every request that is under way; the daemon goes on with what it has begun. */
  close(): Promise<void> {
    this.stop.abort(new SyncError('failure', 'the request was given up'));
    return Promise.resolve();
  }

  private async call<N extends RouteName>(
    name: N,
    body: unknown,
    onNode?: (report: NodeReport) => void,
  ): Promise<AnswerOf<N>> {
    const route = routes[name];
    // HTTP loads with the first request: most command lines find no daemon.
    const { ask } = await import('./socket-request.ts');
    const answer = await ask({
      socket: this.socket,
      route,
      body,
      deadlines: this.deadlines,
      signal: this.stop.signal,
      ...(onNode === undefined ? {} : { onNode }),
    });
    const parsed = route.answer.safeParse(answer);
    if (parsed.success) return parsed.data as AnswerOf<N>;
    throw new SyncError(
      'unavailable',
      `daemon: expected an answer of this version to ${name}, got another form`,
      {
        remedy: 'restart the daemon after an upgrade: sudo systemctl restart sync-controller',
        cause: parsed.error,
      },
    );
  }
}

/**
 * The running daemon, or undefined where it has no socket. A socket that is there and does not answer is a failure:
 * going round it could make a second writer.
 * @throws SyncError `unavailable` or `permission`.
 */
export async function connectDaemon(
  socket: string,
  deadlines: Deadlines = defaults,
): Promise<SocketClient | undefined> {
  if (!(await exists(socket))) return undefined;
  const client = new SocketClient(socket, deadlines);
  await client.version();
  return client;
}

async function exists(socket: string): Promise<boolean> {
  try {
    const found = await stat(socket);
    if (found.isSocket()) return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new SyncError(
      'permission',
      `daemon: expected a readable socket at ${socket}, got ${code ?? messageOf(error)}`,
      { remedy: 'run it with sudo', cause: error },
    );
  }
  throw new SyncError('unavailable', `daemon: expected a socket at ${socket}, got another kind of file`, {
    remedy: `remove ${socket} where no daemon runs`,
  });
}
