import { describe } from 'vitest';
import { createOpensshTransport } from '../../src/transport/openssh.ts';
import { faultsContract } from './faults.contract.ts';

describe('the openssh transport against scripted servers', () => {
  faultsContract((settings) => createOpensshTransport({ settings }), { seesExitApart: false });
});
