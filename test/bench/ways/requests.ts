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

/** The one line that differs between two documents of a loop, as one address does between two of ours. */
export function stampOf(run: number): string {
  return `# Written by a loop of the bench, run ${String(run).padStart(6, '0')}; replaced by its next run.`;
}

let seq = 0;

/**
 * Requests for every node, encoded before the clock starts. The names and addresses are those that stand in /etc/hosts now,
 * so that the resolver rung agrees and costs what it costs ours; a comment makes every run's bytes new.
 */
export function prepareRequests(
  scene: Scene,
  run: number,
  kind: 'hosts' | 'hosts-floor' = 'hosts-floor',
): readonly Prepared[] {
  const [begin = '', , ...rest] = emitHosts(cluster, scene.entries(scene.saved())).split(/(?<=\n)/u);
  const document = Buffer.from([begin, `${stampOf(run)}\n`, ...rest].join(''));
  seq += 1;
  return scene.fleet.nodes.map((node) => {
    const stdin = encodeRequest({
      mode: 'apply',
      cluster,
      node: nodeId('worker_nodes', node.address),
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
    return { node, stdin, proof: `"after":{"sha":"${digestOf(document)}"` };
  });
}

/** Throws unless the output carries the receipt of the bytes that were sent, with every rung agreeing. */
export function mustProve({ node, proof }: Prepared, output: string): void {
  if (output.includes(proof) && output.includes('"resolves":"ok"')) return;
  throw new Error(`bench: ${node.name} did not install: ${output.slice(0, 200)} ${textOf(output)}`);
}

/** The receiver's own words, which a receipt carries in base64. */
function textOf(output: string): string {
  const text = /"text":"([^"]*)"/.exec(output)?.[1];
  return text === undefined ? output : Buffer.from(text, 'base64').toString();
}
