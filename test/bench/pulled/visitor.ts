import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { ModelNode } from '../../receiver/model.ts';
import { receiptOf } from '../../sim/node/receipt.ts';
import { readRequest } from '../../sim/node/request.ts';

/** Where visitors go, and as whom. */
export interface Door {
  readonly port: number;
  readonly tokenOf: (node: string) => string;
  /** The version that their receivers say. */
  readonly receiver: string;
}

interface Brought {
  readonly nonce: string;
  readonly exit: number;
  readonly stdout: Buffer;
}

const againMs = 500;

/**
 * Nodes that fetch, all in this process: each speaks the real protocol, a connection of its own for each visit as curl makes it, and
 * answers by the checked model of a receiver.
 */
export class Visitors {
  readonly #door: Door;
  readonly #agent = new Agent({ rejectUnauthorized: false, keepAlive: false });
  readonly #stop = new AbortController();
  readonly #files = new Map<string, string>();
  readonly #running: Promise<void>[] = [];
  /** Visits that were answered with an error, or broke. */
  failures = 0;

  constructor(door: Door) {
    this.#door = door;
  }

  begin(nodes: readonly string[]): void {
    for (const node of nodes) this.#running.push(this.#live(node));
  }

  /** How many have brought the receipt of bytes with these words in them. */
  broughtWith(words: string): number {
    return [...this.#files.values()].filter((text) => text.includes(words)).length;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    this.#agent.destroy();
    await Promise.all(this.#running);
  }

  #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  async #live(node: string): Promise<void> {
    const model = new ModelNode();
    model.files.set('/etc/hosts', '127.0.0.1 localhost\n');
    let brought: Brought | undefined;
    while (!this.#isOver()) {
      try {
        const { status, body } = await this.#visit(node, brought, () => {
          if (brought !== undefined) this.#files.set(node, model.files.get('/etc/hosts') ?? '');
        });
        brought = status === 200 ? this.#received(model, node, body) : undefined;
        if (![200, 204, 409].includes(status))
          throw new Error(`bench: a visit was answered with ${String(status)}`);
      } catch {
        if (this.#isOver()) return;
        this.failures += 1;
        brought = undefined;
        await delay(againMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  #received(model: ModelNode, node: string, body: Buffer): Brought | undefined {
    const asked = readRequest(body);
    if ('refused' in asked) throw new Error(`bench: ${asked.why}`);
    const expected =
      asked.mode === 'check'
        ? model.check(asked.cluster, asked.kind)
        : model.apply({ ...asked, mode: 'apply', takeOver: false });
    if (expected === undefined) throw new Error('bench: the model gave no answer');
    const told = receiptOf({
      ...asked,
      ...{
        expected,
        rungs: { digest: 'ok', parsed: 'ok', resolves: 'ok' },
        bodies: new Map(),
        boot: `boot-${node}`,
      },
      ...{ clockSeconds: Math.floor(Date.now() / 1000), hostname: node, path: '/etc/hosts', shape: 'block' },
      ...{ sizes: { before: 0, after: asked.document.length }, text: '', receiver: this.#door.receiver },
    });
    return { nonce: asked.nonce, exit: told.exitCode, stdout: told.stdout };
  }

  /** One visit. `onSent` is called once everything that it brings has left. */
  #visit(
    node: string,
    brought: Brought | undefined,
    onSent: () => void,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { port, tokenOf } = this.#door;
    const headers = {
      authorization: `Bearer ${tokenOf(node)}`,
      'content-type': 'application/octet-stream',
      'content-length': brought?.stdout.length ?? 0,
      ...(brought === undefined
        ? {}
        : { 'x-sync-nonce': brought.nonce, 'x-sync-exit': String(brought.exit) }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path: '/pull/v1', method: 'POST', agent: this.#agent, headers },
        (answer) => {
          answer.toArray().then((chunks) => {
            resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks as Buffer[]) });
          }, reject);
        },
      );
      sent.once('error', reject).once('finish', onSent);
      this.#stop.signal.addEventListener('abort', () => void sent.destroy(new Error('over')), { once: true });
      sent.end(brought?.stdout ?? Buffer.alloc(0));
    });
  }
}
