import { describe } from 'vitest';
import { createOpensshTransport } from '../../src/transport/openssh.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { fleetRig } from './rig.ts';
import { sessionContract } from './session.contract.ts';
import { transportContract } from './transport.contract.ts';
import { warmContract } from './warm.contract.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available
  ? 'the openssh transport'
  : `the openssh transport (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  describe('on a real sshd', () => {
    transportContract(() => fleetRig((settings) => createOpensshTransport({ settings })), {
      seesExitApart: false,
    });
  });
  describe('its sessions', () => {
    sessionContract(() => fleetRig((settings) => createOpensshTransport({ settings }), 4));
  });
  describe('its failures', () => {
    warmContract(() => fleetRig((settings) => createOpensshTransport({ settings }), 2));
  });
});
