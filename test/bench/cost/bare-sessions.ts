// A process that only holds sessions of bare ssh2 and has used each as often as the daemon did its own, to be weighed beside it.
import { readFileSync } from 'node:fs';
import type { Client } from 'ssh2';
import { commandFor } from '../../../src/transport/programs.ts';
import { eachOf } from '../stats.ts';
import { exchange, logIn, type Door } from '../ways/bare-session.ts';
import { atOnce } from '../ways/floor.ts';
import { mustProve, proofOf, requestTo } from '../ways/requests.ts';

/** What it is told: whom to reach, and what to install one after the other. */
export interface BareOrder {
  readonly nodes: readonly (Door & { readonly name: string })[];
  readonly keyFile: string;
  readonly documents: readonly string[];
  /** The number of the first request; each document takes the next. */
  readonly firstSeq: number;
}

process.once('message', (order: BareOrder) => {
  void hold(order).then(
    () => process.send?.({ ready: true }),
    (error: unknown) => {
      process.send?.({ failed: String(error) });
    },
  );
});

async function hold({ nodes, keyFile, documents, firstSeq }: BareOrder): Promise<void> {
  const key = readFileSync(keyFile);
  const clients = new Map<string, Client>();
  await eachOf(nodes, atOnce, async (node) => {
    clients.set(node.name, await logIn(node, key));
  });
  for (const [index, text] of documents.entries()) {
    const document = Buffer.from(text);
    const proof = proofOf(document);
    await eachOf(nodes, atOnce, async (node) => {
      const client = clients.get(node.name);
      if (client === undefined) throw new Error(`no session to ${node.name}`);
      const stdin = requestTo(node.address, document, { kind: 'hosts-floor', seq: firstSeq + index });
      mustProve({ node, proof }, await exchange(client, commandFor('receive', node.user), stdin));
    });
  }
}
