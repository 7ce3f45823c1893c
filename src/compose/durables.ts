import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { DurableDecisions } from '../store/decisions.ts';
import { openDurable } from '../store/durable.ts';
import { DurableNodeMemory } from '../store/node-memory.ts';
import { durableTermMemory } from '../store/term-memory.ts';
import { systemRandom } from '../lib/random.ts';
import { DurableNodeTokens } from '../store/node-tokens.ts';
import { DurableTokens } from '../store/tokens.ts';
import { durableTombstones } from '../store/tombstones.ts';

/** Opens `durable.db` and what stands on it. A damaged file stops these features and nothing else. */
export async function openDurables(stateDirectory: string, clock: Clock, log: Logger) {
  const durable = await openDurable({ path: join(stateDirectory, 'durable.db'), clock, log });
  return {
    durable,
    decisions: await DurableDecisions.open({
      durable,
      pausesFile: join(stateDirectory, 'pauses.json'),
      clock,
    }),
    memory: await DurableNodeMemory.open(durable, log),
    termMemory: durableTermMemory(durable),
    tombstones: durableTombstones(durable),
    tokens: await DurableTokens.open(durable, clock, systemRandom),
    nodeTokens: await DurableNodeTokens.open(durable, clock, systemRandom),
  };
}

export type Durables = Awaited<ReturnType<typeof openDurables>>;
