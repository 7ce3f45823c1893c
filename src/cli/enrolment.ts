import type { HostKeyPin, Node } from '../model/node.ts';
import { nodeId } from '../model/node.ts';
import { isEdge } from '../model/node-types.ts';
import { remedyFor } from '../model/cause.ts';
import { isoSeconds } from '../lib/clock.ts';
import { exitCodes } from '../lib/errors.ts';
import { domain as domainGrammar } from '../registry/grammar.ts';
import { pinSteps, registerNodeSteps, type NodeFields } from '../registry/operations/nodes.ts';
import type { Call } from './call.ts';
import type { Admin, EnrolPort, KeyOrigin } from './enrol-port.ts';
import { mustBeDialled, offerJoin } from './joining.ts';
import { printPush } from './commands/push.ts';
import { grantKey } from './grant-key.ts';
import { needRegistries } from './registries.ts';
import { proofPush, restrictNode } from './restricting.ts';
import { stampOf } from './stamp.ts';
import { fingerprintTable, isChanged, lookForKeys, pinsAfter, vouched, type Trusting } from './trust.ts';
import { writeSteps } from './write.ts';

/** A node as `node add` was told of it. */
export interface NewNode extends Omit<NodeFields, 'webhookPort'> {
  readonly from: KeyOrigin | undefined;
  readonly fingerprints: readonly string[];
  readonly install: boolean;
  readonly upgrade: boolean;
  /** Hold our key to the receiver. */
  readonly restrict: boolean;
  readonly admin: Admin;
}

/** Registers a node, pins its keys, installs the receiver and proves it by a push. Every step stands where a later one fails. */
export async function addNode(call: Call, wanted: NewNode): Promise<number> {
  const { snapshot } = await needRegistries(call);
  const known = snapshot.nodes.get(nodeId(wanted.type, wanted.address));
  if (known?.pull === true && wanted.pull !== true) mustBeDialled(known, 'node add');
  warnOfTwins(call, wanted, [...snapshot.nodes.values()]);
  if (wanted.pull === true) return addPulling(call, wanted, known);
  const enrol = await call.keep(call.context.openEnrol(await call.settings()));
  const trusting = await keysFor(
    call,
    enrol,
    { ...wanted, name: wanted.name ?? known?.name ?? wanted.address, hostKeys: known?.hostKeys ?? [] },
    wanted,
  );
  const pins = await agreed(call, trusting, wanted);
  await register(call, wanted, pins);
  call.note('success', `${trusting.node.name} is registered`);
  if (known === undefined) call.note('info', `To undo: syncctl node remove ${trusting.node.name}`);
  if (pins === undefined) {
    call.note(
      'error',
      `${trusting.node.name} is not trusted yet (${trusting.failure ?? 'its key has changed'}); when it answers: syncctl node trust ${trusting.node.name} --from scan`,
    );
    return exitCodes.failure;
  }
  if (!wanted.install) return exitCodes.ok;
  return prove(call, enrol, wanted);
}

/** Registers a node that nobody reaches; it proves itself with its first visit. */
async function addPulling(call: Call, wanted: NewNode, known: Node | undefined): Promise<number> {
  const { pullAddress } = await import('../enrol/pull-address.ts');
  // Where nobody could come, nothing is registered.
  pullAddress((await call.settings()).pull);
  await register(call, wanted, undefined);
  const name = wanted.name ?? known?.name ?? wanted.address;
  call.note('success', `${name} is registered; it fetches its configuration itself`);
  if (known === undefined) call.note('info', `To undo: syncctl node remove ${name}`);
  return offerJoin(call, { id: nodeId(wanted.type, wanted.address), name }, false);
}

/** One host in two rows is possible (a VPS that is also somebody's laptop), and more often a mistake. */
function warnOfTwins(call: Call, { type, address }: NewNode, nodes: readonly Node[]): void {
  for (const twin of nodes)
    if (twin.address === address && twin.type !== type)
      call.note('warn', `${address} is registered as ${twin.type}, too (${twin.name})`);
}

async function keysFor(
  call: Call,
  enrol: EnrolPort,
  node: Trusting['node'],
  wanted: NewNode,
): Promise<Trusting> {
  // A fingerprint is compared with what the node shows; without one, what was seen before is worth more than what is shown now.
  const origins: readonly KeyOrigin[] =
    wanted.from !== undefined
      ? [wanted.from]
      : wanted.fingerprints.length > 0
        ? ['scan']
        : ['known_hosts', 'scan'];
  let last: Trusting = { node, found: [], failure: 'nothing was asked' };
  for (const origin of origins) {
    const [looked = last] = await lookForKeys(call, enrol, [node], origin);
    last = looked;
    if (looked.failure === undefined) return vouched(looked, wanted.fingerprints);
  }
  return last;
}

/** The pins that the admin agrees to; undefined where there is nothing to agree to, or where a pinned key has changed. */
async function agreed(
  call: Call,
  trusting: Trusting,
  wanted: NewNode,
): Promise<readonly HostKeyPin[] | undefined> {
  if (trusting.failure !== undefined)
    return trusting.node.hostKeys.length > 0 ? trusting.node.hostKeys : undefined;
  if (isChanged(trusting)) return undefined;
  const isNew = trusting.found.some(({ key }) => !trusting.node.hostKeys.some((pin) => pin.key === key));
  if (isNew && wanted.fingerprints.length === 0) {
    call.context.stderr.write(fingerprintTable([trusting]));
    await call.confirm(`Trust these keys of ${trusting.node.name}?`);
  }
  return pinsAfter(call, trusting, false);
}

async function register(call: Call, wanted: NewNode, pins: readonly HostKeyPin[] | undefined): Promise<void> {
  const stamp = stampOf(call, isoSeconds(call.context.clock.now()));
  const row = registerNodeSteps({ ...wanted, webhookPort: undefined }, stamp);
  const keys =
    pins === undefined || pins.length === 0
      ? []
      : pinSteps([{ type: wanted.type, address: wanted.address, keys: pins }], stamp);
  await writeSteps(call, [...row, ...keys]);
}

async function prove(call: Call, enrol: EnrolPort, wanted: NewNode): Promise<number> {
  const { snapshot } = await needRegistries(call);
  const node = snapshot.nodes.get(nodeId(wanted.type, wanted.address));
  if (node === undefined) {
    call.note('error', `the row of ${wanted.address} is set aside; syncctl validate`);
    return exitCodes.data;
  }
  call.note('info', `Installing the receiver on ${node.name}`);
  const how = { flags: wanted.upgrade ? (['replace', 'retarget'] as const) : [], admin: wanted.admin };
  let installed = await enrol.install(node, how, call.context.signal);
  if (!installed.ok && installed.cause === 'auth' && (await grantKey(call, node))) {
    // The way that was refused leaves the node alone for a while; a new one has not met it yet.
    const anew = await call.keep(call.context.openEnrol(await call.settings()));
    installed = await anew.install(node, how, call.context.signal);
  }
  if (!installed.ok) {
    call.note(
      'error',
      `${node.name}: the receiver could not be installed (${installed.cause}: ${installed.evidence}); ${remedyFor(installed.cause, node)}`,
    );
    return exitCodes.failure;
  }
  await takeDomain(call, node, installed.answer.public_domain);
  return wanted.restrict ? restrictNode(call, enrol, { node, admin: wanted.admin }) : pushed(call, node);
}

/** The proof of a node without restriction is a push as every other. */
async function pushed(call: Call, node: Node): Promise<number> {
  const report = await proofPush(call, node);
  await printPush(call, report);
  return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
}

/** The public domain that the predecessor's set-up left on a VPS: taken over where nobody has said another. */
async function takeDomain(call: Call, node: Node, found: string): Promise<void> {
  const verdict = domainGrammar(found);
  if (!isEdge(node) || node.publicDomain !== undefined || !verdict.ok) return;
  const { type, address } = node;
  const fields = {
    type,
    address,
    name: undefined,
    sshUser: undefined,
    sshPort: undefined,
    webhookPort: undefined,
    labels: undefined,
    publicDomain: verdict.value,
  };
  await writeSteps(call, registerNodeSteps(fields, stampOf(call, isoSeconds(call.context.clock.now()))));
  call.note('info', `${node.name}: its public domain ${verdict.value} is taken over from the old set-up`);
}
