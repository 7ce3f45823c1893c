// Answers that come from somewhere else: a relay on two nodes changes what their receivers say.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { edit, hosts, mend, push, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;
const receiver = '/usr/local/lib/sync-controller/receive-1.0.0';

/** Stands in the place of the receiver and answers in its stead, where the request is of these modes. */
const relay = (modes: string, answer: string): string => `#!/bin/bash
IFS= read -r line
if [[ ! $line =~ ^SC1\\ (${modes})\\  ]]; then { printf '%s\\n' "$line"; cat; } | /run/receiver; exit; fi
{ printf '%s\\n' "$line"; cat; } | /run/receiver >/run/answer.$$
code=$?
${answer}
exit "$code"
`;
const swapped = `mv /run/answer.$$ /run/answer
for ((n = 0; n < 60; n++)); do [[ ! -e /run/other ]] || { cat /run/other; rm /run/other; break; }; sleep 0.05; done`;
const renamed = `sed 's/"node":"[^"]*"/"node":"worker_nodes@10.9.9.9"/' /run/answer.$$`;

describe.skipIf(!available)('a receipt', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterEach(async () => {
    for (const index of [0, 1])
      await rig
        .node(index)
        .run(`[ ! -e /run/receiver ] || mv /run/receiver ${receiver}; rm -f /run/answer* /run/other`);
  });
  afterAll(async () => {
    await rig.stop();
  });

  const put = async (index: number, modes: string, answer: string): Promise<void> => {
    const node = rig.node(index);
    writeFileSync(join(node.rootDir, 'run/relay'), relay(modes, answer), { mode: 0o755 });
    const ran = await node.run(`cp -p ${receiver} /run/receiver && mv /run/relay ${receiver}`);
    if (ran.code !== 0) throw new Error(ran.stderr);
  };
  /** Carries what each of the two receivers said to the other node, until the work is done. */
  const swapWhile = async <T>(work: Promise<T>): Promise<T> => {
    const over = { yet: false };
    void work.finally(() => (over.yet = true)).catch(() => undefined);
    while (!over.yet) {
      const said = [0, 1].map((index) => join(rig.node(index).rootDir, 'run/answer'));
      if (said.every((path) => existsSync(path)))
        for (const [index, path] of said.entries()) {
          const other = join(rig.node(1 - index).rootDir, 'run/other');
          writeFileSync(`${other}.new`, readFileSync(path));
          renameSync(`${other}.new`, other);
          rmSync(path);
        }
      await delay(20);
    }
    return work;
  };

  it('that two nodes have exchanged makes neither of them active, though both have the bytes; the printed doctor and a push end it', async () => {
    for (const index of [0, 1]) await put(index, 'apply|check', swapped);
    const line = edit(rig);
    const nodes = await swapWhile(push(rig));
    for (const name of ['broken', 'whole'])
      expect(nodes[name]).toMatchObject({
        state: 'pending_sync',
        cause: 'no_receipt',
        verified: false,
        evidence: expect.stringContaining('carries another nonce') as string,
        remedy: `syncctl doctor ${name}`,
      });
    expect([0, 1].map((index) => hosts(rig, index).includes(line))).toEqual([true, true]);
    for (const index of [0, 1]) rmSync(join(rig.node(index).rootDir, 'run/other'), { force: true });
    for (const index of [0, 1]) await rig.node(index).run(`mv /run/receiver ${receiver}`);
    if (nodes['broken'] !== undefined) await mend(rig, nodes['broken']);
    const again = await push(rig);
    for (const name of ['broken', 'whole'])
      expect(again[name]).toMatchObject({ state: 'active', verified: true });
  });

  it('that two nodes have exchanged once is not counted: the same push asks both again, and believes their own', async () => {
    for (const index of [0, 1]) await put(index, 'apply', swapped);
    const line = edit(rig);
    const nodes = await swapWhile(push(rig));
    for (const [index, name] of ['broken', 'whole'].entries()) {
      expect(nodes[name]).toMatchObject({ state: 'active', verified: true });
      expect(hosts(rig, index)).toContain(line);
    }
  });

  it('of another node under our own nonce is identity_mismatch, error at once, and the other node is not affected', async () => {
    await put(0, 'apply', renamed);
    edit(rig);
    const nodes = await push(rig);
    expect(nodes['broken']).toMatchObject({
      state: 'error',
      cause: 'identity_mismatch',
      verified: false,
      evidence: expect.stringContaining('worker_nodes@10.9.9.9') as string,
      remedy: 'syncctl doctor broken',
    });
    expect(nodes['whole']).toMatchObject({ state: 'active', changed: true });
    await rig.node(0).run(`mv /run/receiver ${receiver}`);
    expect((await push(rig))['broken']).toMatchObject({ state: 'active' });
  });
});
