import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { installReceiver, type Installed } from '../enrol/install.ts';
import { removeReceiver } from '../enrol/remove.ts';
import type { NodeDeed, TakeoverPort } from '../enrol/takeover/node-port.ts';
import { sendTakeover } from '../enrol/takeover/node-exchange.ts';
import { nodeTypes } from '../plan/node-types/index.ts';
import type { Transport } from '../transport/transport.ts';
import { surveyorOf } from './surveyor.ts';
import { accountOfProcess, endpointsOf } from './way.ts';

/** The way to nodes that change hands: the keys of the settings, and only pinned host keys for everything that writes. */
export function takeoverPort(settings: Settings, transport: Transport): TakeoverPort {
  const endpointOf = endpointsOf(settings, accountOfProcess(), systemClock);
  return {
    survey: surveyorOf(settings, { transport, endpointOf }),
    send: async (node, request, signal) =>
      sendTakeover({ transport, endpoint: await endpointOf(node) }, request, signal),
    install: async (node, signal) => {
      const endpoint = await endpointOf(node);
      const kinds = [nodeTypes[node.type].kind];
      const installed = await installReceiver({ transport, endpoint, kinds, login: node.sshUser }, signal);
      return installed.ok ? { ok: true, publicDomain: installed.answer.public_domain } : deedOf(installed);
    },
    uninstall: async (node, signal) => {
      const endpoint = await endpointOf(node);
      const kinds = [nodeTypes[node.type].kind];
      return deedOf(await removeReceiver({ transport, endpoint, kinds, login: node.sshUser }, signal));
    },
  };
}

function deedOf(installed: Installed): NodeDeed {
  return installed.ok ? { ok: true } : { ok: false, cause: installed.cause, evidence: installed.evidence };
}
