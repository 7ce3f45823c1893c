import { randomBytes } from 'node:crypto';
import { digestOf } from '../../../src/model/bundle.ts';
import { nodeId } from '../../../src/model/node.ts';
import { emitHosts } from '../../../src/plan/hosts-block.ts';
import { encodeRequest } from '../../../src/wire/request.ts';
import type { FleetNode } from '../../fleet/types.ts';
import type { Scene } from '../scene.ts';

const cluster = 'sc-bench-floor-0001';

/** One node's request as bytes, and what its receipt must contain. */
export interface Prepared {
  readonly node: FleetNode;
  readonly stdin: Buffer;
  readonly proof: string;
}

/** The kinds that the loops write; `hosts` is also the controller's. */
export type LoopKind = 'hosts' | 'hosts-floor';

/** The one line that differs between two documents of a loop, as one address does between two of ours. */
export function stampOf(run: number): string {
  return `# Written by a loop of the bench, run ${String(run).padStart(6, '0')}; replaced by its next run.`;
}

let seq = 0;

/** As many numbers as a run needs, the first of them; no two requests of the loops to one node share one. */
export function takeSeqs(count: number): number {
  const first = seq + 1;
  seq += count;
  return first;
}

/**
 * Requests for every node, encoded before the clock starts. The names and addresses are those that stand in /etc/hosts now,
 * so that the resolver rung agrees and costs what it costs ours; a comment makes every run's bytes new.
 */
export function prepareRequests(
  scene: Scene,
  run: number,
  kind: LoopKind = 'hosts-floor',
): readonly Prepared[] {
  const document = documentOf(scene, run);
  const number = takeSeqs(1);
  return scene.fleet.nodes.map((node) => ({
    node,
    stdin: requestTo(node.address, document, { kind, seq: number }),
    proof: proofOf(document),
  }));
}

/** What a loop installs in one run. */
export function documentOf(scene: Scene, run: number): Buffer {
  const [begin = '', , ...rest] = emitHosts(cluster, scene.entries(scene.saved())).split(/(?<=\n)/u);
  return Buffer.from([begin, `${stampOf(run)}\n`, ...rest].join(''));
}

/** The request of a loop to one node, as bytes. */
export function requestTo(
  address: string,
  document: Buffer,
  { kind, seq }: { readonly kind: LoopKind; readonly seq: number },
): Buffer {
  return encodeRequest({
    mode: 'apply',
    cluster,
    node: nodeId('worker_nodes', address),
    kind,
    epoch: 1,
    writer: 'benchfloor',
    seq,
    base: undefined,
    document,
    nonce: randomBytes(16).toString('hex'),
    deadlineMs: 30_000,
    confirmSeconds: 0,
    flags: [],
    fallback: undefined,
  });
}

/** What the receipt of an installed document contains. */
export function proofOf(document: Buffer): string {
  return `"after":{"sha":"${digestOf(document)}"`;
}

/** Throws unless the output carries the receipt of the bytes that were sent, with every rung agreeing. */
export function mustProve(
  { node, proof }: { readonly node: Pick<FleetNode, 'name'>; readonly proof: string },
  output: string,
): void {
  if (output.includes(proof) && output.includes('"resolves":"ok"')) return;
  throw new Error(`bench: ${node.name} did not install: ${output.slice(0, 200)} ${textOf(output)}`);
}

/** The receiver's own words, which a receipt carries in base64. */
function textOf(output: string): string {
  const text = /"text":"([^"]*)"/.exec(output)?.[1];
  return text === undefined ? output : Buffer.from(text, 'base64').toString();
}
