import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { openTermStore } from '../../src/registry/open-term-store.ts';
import type { TermStore } from '../../src/registry/term-store.ts';
import { DirectoryBench } from './directory-bench.ts';
import { describeTermStore } from './term-store.contract.ts';

const key = 'sync-controller-cluster-id';

async function openBench(): Promise<
  DirectoryBench & { loseId(): Promise<void>; spoilId(text: string): Promise<void> }
> {
  const bench = await DirectoryBench.make();
  return Object.assign(bench, {
    loseId: () => bench.put('cluster-info', { 'cluster-name': 'x' }),
    spoilId: (text: string) => bench.put('cluster-info', { [key]: text }),
  });
}

describeTermStore('directory', { epochInState: true }, openBench);

let bench: DirectoryBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const open = async (): Promise<TermStore> =>
  openTermStore(await bench.open(), {
    stateDirectory: bench.state,
    clock: systemClock,
    random: systemRandom,
  });

test('a damaged term.json costs the epoch only', async () => {
  const term = await (await open()).take({ heard: 4, writer: 'a', holder: '' });
  await writeFile(join(bench.state, 'term.json'), '{"cluster_id": "tor');
  expect(await (await open()).read()).toMatchObject({ clusterId: term.clusterId, epoch: 0 });
});

test("an epoch of another registry's cluster does not count for this one", async () => {
  await mkdir(bench.state);
  await writeFile(join(bench.state, 'term.json'), '{"cluster_id":"sc-00000000","epoch":"99"}');
  expect((await (await open()).take({ heard: 0, writer: 'a', holder: '' })).epoch).toBe(1);
});

test('the id is a key of the cluster-info manifest, added beside what stands there', async () => {
  await bench.write(
    'info.yaml',
    '# mine\nkind: ConfigMap\nmetadata: {name: cluster-info}\ndata:\n  cluster-name: x # kept\n',
  );
  const { clusterId } = await (await open()).read();
  expect(await bench.text('info.yaml')).toBe(
    `# mine\nkind: ConfigMap\nmetadata: {name: cluster-info}\ndata:\n  cluster-name: x # kept\n  ${key}: "${clusterId}"\n`,
  );
});

test('an unreadable registry is no reason to mint another id', async () => {
  await (await open()).read();
  await bench.break();
  await expect((await open()).read()).rejects.toMatchObject({ exit: 'unavailable' });
});
