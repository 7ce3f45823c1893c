import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loggerOver } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { nodeId } from '../../src/model/node.ts';
import { openDurable } from '../../src/store/durable.ts';
import { DurableNodeTokens } from '../../src/store/node-tokens.ts';
import { DurableTokens } from '../../src/store/tokens.ts';
import { ManualClock } from '../support/manual-clock.ts';

const home = nodeId('worker_nodes', '192.168.1.20');
const office = nodeId('worker_nodes', '192.168.1.21');
const wish = (node = home, now = false) => ({ node, who: 'ada', reason: undefined, now });

async function store() {
  const folder = await mkdtemp(join(tmpdir(), 'node-tokens-'));
  const path = join(folder, 'durable.db');
  const clock = new ManualClock();
  const durable = await openDurable({ path, clock, log: loggerOver(() => undefined) });
  onTestFinished(async () => {
    await durable.close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = () => DurableNodeTokens.open(durable, clock, systemRandom);
  return { durable, path, clock, open };
}

it('knows a node by its secret, also after a restart, and keeps only the hash', async () => {
  const { open, path, durable } = await store();
  const tokens = await open();
  const secret = await tokens.mint(wish());
  expect(tokens.holderOf(secret)?.node).toBe(home);
  expect((await open()).holderOf(secret)?.node).toBe(home);
  expect(tokens.holderOf(secret.replace(/.$/u, (last) => (last === '0' ? '1' : '0')))).toBeUndefined();
  await durable.close();
  expect((await readFile(path)).includes(secret.slice(4))).toBe(false);
});

it('gives a node a new token beside the old one, which ends with the first use of the new one', async () => {
  const { open } = await store();
  const tokens = await open();
  const [one, two] = [await tokens.mint(wish()), await tokens.mint(wish())];
  const other = await tokens.mint(wish(office));
  expect([tokens.holderOf(one)?.node, tokens.holderOf(two)?.node]).toEqual([home, home]);
  const oldest = tokens.holderOf(one);
  if (oldest !== undefined) await tokens.used(oldest);
  expect(tokens.holderOf(two)).toBeDefined();
  const newest = tokens.holderOf(two);
  if (newest !== undefined) await tokens.used(newest);
  expect([tokens.holderOf(one), tokens.holderOf(other)?.node]).toEqual([undefined, office]);
  expect((await open()).of(home)).toHaveLength(1);
});

it('keeps two of them at most, and ends the old ones at once where they may be in wrong hands', async () => {
  const { open } = await store();
  const tokens = await open();
  const one = await tokens.mint(wish());
  const two = await tokens.mint(wish());
  const three = await tokens.mint(wish());
  expect([one, two, three].map((secret) => tokens.holderOf(secret) !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
  const four = await tokens.mint(wish(home, true));
  expect([two, three, four].map((secret) => tokens.holderOf(secret) !== undefined)).toEqual([
    false,
    false,
    true,
  ]);
});

it('ends every token of a node with the node', async () => {
  const { open } = await store();
  const tokens = await open();
  const [one, other] = [await tokens.mint(wish()), await tokens.mint(wish(office))];
  expect([await tokens.revoke(home), await tokens.revoke(home)]).toEqual([true, false]);
  expect([tokens.holderOf(one), tokens.holderOf(other)?.node]).toEqual([undefined, office]);
});

it('is no token of the API, nor the other way round', async () => {
  const { open, durable, clock } = await store();
  const tokens = await open();
  const api = await DurableTokens.open(durable, clock, systemRandom);
  const named = { name: 'ada', role: 'admin', expires: undefined, who: 'ada', reason: undefined };
  expect(api.holderOf(await tokens.mint(wish()))).toBeUndefined();
  expect(tokens.holderOf(await api.mint(named))).toBeUndefined();
});
