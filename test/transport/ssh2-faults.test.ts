import { describe } from 'vitest';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import { faultsContract } from './faults.contract.ts';

describe('the ssh2 transport against scripted servers', () => {
  faultsContract((settings) => createSsh2Transport({ settings }), { seesExitApart: true });
});
