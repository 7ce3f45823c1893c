import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { createLocalTransport } from '../../src/transport/local.ts';
import { ask, failureOf, run, stubReceiver } from './rig.ts';
import type { Rig } from './rig.ts';
import { transportContract } from './transport.contract.ts';

async function localRig(): Promise<Rig> {
  const root = await mkdtemp(join(tmpdir(), 'local-node-'));
  return {
    make: (settings) => createLocalTransport({ receiver: stubReceiver, rootOf: () => root, settings }),
    endpoint: {
      id: nodeId('worker_nodes', 'local'),
      host: 'local',
      port: 22,
      user: 'nobody',
      identities: [],
      agentSocket: undefined,
      pins: [],
      jumps: [],
      proxyCommand: undefined,
    },
    starts: async () => {
      const log = await readFile(join(root, 'run/receiver-starts'), 'utf8').catch(() => '');
      return log.split('\n').length - 1;
    },
    stop: () => rm(root, { recursive: true }),
  };
}

describe('the local transport', () => {
  transportContract(localRig);

  it('calls a node without a folder refused, as if nothing listened there', async () => {
    const transport = createLocalTransport({ receiver: stubReceiver, rootOf: () => undefined });
    const rig = await localRig();
    expect(await failureOf(run(transport, rig.endpoint, ask('exit 0')))).toMatchObject({
      causeClass: 'refused',
      reached: false,
    });
    await rig.stop();
  });

  it('says which receiver cannot be started', async () => {
    const transport = createLocalTransport({ receiver: '/no/such/receiver', rootOf: () => '/tmp' });
    const rig = await localRig();
    const failure = await failureOf(run(transport, rig.endpoint, ask('exit 0')));
    expect(failure.message).toContain('/no/such/receiver');
    await rig.stop();
  });
});
