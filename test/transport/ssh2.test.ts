import { describe } from 'vitest';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { fleetRig } from './rig.ts';
import { sessionContract } from './session.contract.ts';
import { transportContract } from './transport.contract.ts';
import { warmContract } from './warm.contract.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available ? 'the ssh2 transport' : `the ssh2 transport (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  describe('on a real sshd', () => {
    transportContract(() => fleetRig((settings) => createSsh2Transport({ settings })), {
      seesExitApart: true,
    });
  });
  describe('its sessions', () => {
    sessionContract(() => fleetRig((settings) => createSsh2Transport({ settings }), 4));
  });
  describe('its failures', () => {
    warmContract(() => fleetRig((settings) => createSsh2Transport({ settings }), 2));
  });
});
