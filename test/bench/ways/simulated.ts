// A way to nodes that are not there: every request is answered at once, as a receiver answers one that went well.
import { loadReceiver } from '../../../src/enrol/receiver-file.ts';
import type { Exchange, ExchangeResult, Transport } from '../../../src/transport/transport.ts';
import type { Expected, Mark } from '../../receiver/model.ts';
import { receiptOf } from '../../sim/node/receipt.ts';
import { readRequest, type WireRequest } from '../../sim/node/request.ts';
import { sha } from '../../sim/node/documents.ts';

interface Held {
  readonly mark: Mark;
  readonly size: number;
}

/** Nodes that remember what they hold and nothing else: no session, no fsync, no fault. */
export async function simulatedTransport(): Promise<Transport> {
  const held = new Map<string, Held>();
  const warm = new Set<string>();
  const { version } = await loadReceiver();
  return {
    exchange: async ({ host }, exchange) => {
      warm.add(host);
      await new Promise((resolve) => setImmediate(resolve));
      return answered(exchange, { host, held, version });
    },
    isWarm: ({ host }) => warm.has(host),
    scan: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

interface Node {
  readonly host: string;
  readonly held: Map<string, Held>;
  readonly version: string;
}

function answered(exchange: Exchange, node: Node): ExchangeResult {
  const request = readRequest(exchange.stdin);
  if ('refused' in request) throw new Error(`bench: the simulated node refuses: ${request.why}`);
  const { before, after, result } = applied(request, node);
  const receipt = receiptOf({
    nonce: request.nonce,
    node: request.node,
    kind: request.kind,
    mode: request.mode,
    expected: expectedOf(request, { before, after, result }),
    rungs: { digest: 'ok', parsed: 'ok', resolves: 'ok' },
    boot: `boot-${node.host}`,
    clockSeconds: Math.floor(Date.now() / 1000),
    hostname: node.host,
    path: '/etc/hosts',
    shape: 'block',
    sizes: { before: before?.size ?? 0, after: after?.size ?? 0 },
    text: '',
    bodies: new Map(),
    receiver: node.version,
  });
  const phases = { dialMs: 0, authMs: 0, execMs: 0 };
  return { ...receipt, signal: undefined, stderr: '', phases, hostKey: undefined };
}

interface Applied {
  readonly before: Held | undefined;
  readonly after: Held | undefined;
  readonly result: 'CHECKED' | 'UNCHANGED' | 'INSTALLED';
}

function applied(request: WireRequest, { host, held }: Node): Applied {
  const before = held.get(host);
  if (request.mode !== 'apply') return { before, after: before, result: 'CHECKED' };
  const { epoch, writer, seq, document } = request;
  const mark = { epoch, writer, seq, sha: sha(Buffer.from(document, 'latin1')) };
  const after = { mark, size: document.length };
  held.set(host, after);
  return { before, after, result: before?.mark.sha === mark.sha ? 'UNCHANGED' : 'INSTALLED' };
}

function expectedOf(request: WireRequest, { before, after, result }: Applied): Expected {
  return {
    result,
    first: before === undefined,
    fence: after?.mark ?? null,
    installed: after === undefined ? null : { ...after.mark, restored_from: null },
    owner: after === undefined ? null : { cluster: request.cluster, kind: request.kind },
    before: before?.mark.sha ?? 'absent',
    after: after?.mark.sha ?? 'absent',
  };
}
