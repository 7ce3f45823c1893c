import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { acquireLock } from '../lib/os-lock.ts';
import { systemRandom } from '../lib/random.ts';
import { enforce, takeBack } from '../enrol/enforce.ts';
import type { Installed } from '../enrol/install.ts';
import { identityFolder, keysIn, likeItsFolder, makeKey } from '../enrol/key-files.ts';
import { removeReceiver } from '../enrol/remove.ts';
import { sendRestrict, type Restricted } from '../enrol/restrict-exchange.ts';
import { noteRestricted } from '../enrol/restricted-nodes.ts';
import type { Admin, Enforced, Failure, RestrictionGround } from '../enrol/restriction.ts';
import { rotate, type Rotation, type RotationRequest } from '../enrol/rotate.ts';
import type { Node } from '../model/node.ts';
import { nodeTypes } from '../plan/node-types/index.ts';
import { call, isFailed } from '../push/exchange.ts';
import { holderName } from '../registry/term-store.ts';
import type { Endpoint, Transport } from '../transport/transport.ts';
import { clusterIdOf } from './cluster-id.ts';
import { accountOfProcess, plainEndpointsOf } from './way.ts';

const lockWaitMs = 60_000;
const askMs = 10_000;

/** Holding nodes to one key, and letting them go: over the admin's login, because our key must not be able to. */
export class Restriction {
  private readonly ground: RestrictionGround;

  constructor(settings: Settings, transport: Transport) {
    const plain = plainEndpointsOf(settings, accountOfProcess(), systemClock);
    this.ground = {
      ...{ transport, stateDirectory: settings.daemon.stateDirectory },
      ...{ clock: systemClock, random: systemRandom },
      cluster: async () => needed(await clusterIdOf(settings, AbortSignal.timeout(askMs))),
      adminWay: async (node, admin) => withAdmin(await plain(node), admin),
      ask: (node, endpoint, signal) => this.ask(node, endpoint, signal),
    };
  }

  /** The way by which an admin's commands reach a node. */
  adminWay(node: Node, admin: Admin): Promise<Endpoint> {
    return this.ground.adminWay(node, admin);
  }

  /** What stands on a node, seen by the admin's login; nothing is written. */
  async look(node: Node, admin: Admin, signal: AbortSignal): Promise<Restricted> {
    const { transport, random, cluster } = this.ground;
    const endpoint = await this.adminWay(node, admin);
    const parts = ['rule', 'key'] as const;
    const request = { action: 'look', parts, cluster: await cluster(), login: node.sshUser } as const;
    return sendRestrict({ transport, endpoint, random }, request, signal);
  }

  /** Holds a node to the newest of our own keys, made where there is none, and proves it. */
  enforce(node: Node, admin: Admin, signal: AbortSignal): Promise<Enforced> {
    return this.locked(async () => {
      const { stateDirectory, random } = this.ground;
      const key = (await keysIn(stateDirectory)).at(-1) ?? (await makeKey(stateDirectory, 1, random));
      return enforce(this.ground, { node, admin, key }, signal);
    }, signal);
  }

  /** Undoes what `enforce` has just written, for what is proved only afterwards. */
  takeBack(
    node: Node,
    admin: Admin,
    { key, changed, signal }: Enforced & { ok: true } & { readonly signal: AbortSignal },
  ): Promise<string> {
    return this.locked(async () => {
      await noteRestricted(this.ground.stateDirectory, node.id, undefined);
      const endpoint = await this.adminWay(node, admin);
      return takeBack(this.ground, { node, endpoint, changed, key }, signal);
    }, signal);
  }

  rotate(request: RotationRequest, signal: AbortSignal): Promise<Rotation> {
    return this.locked(() => rotate(this.ground, request, signal), signal);
  }

  /** Takes rule and lines of this cluster, receiver and target out of a node; `shared`: another row needs its login. */
  uninstall(
    node: Node,
    { admin, shared }: { readonly admin: Admin; readonly shared: boolean },
    signal: AbortSignal,
  ): Promise<Restricted | Installed> {
    return this.locked(async () => {
      const { transport, random, stateDirectory, cluster } = this.ground;
      const endpoint = await this.adminWay(node, admin);
      if (!shared) {
        const parts = ['rule', 'key'] as const;
        const request = { action: 'withdraw', parts, cluster: await cluster(), login: node.sshUser } as const;
        const gone = await sendRestrict({ transport, endpoint, random }, request, signal);
        if (!gone.ok) return gone;
      }
      const removed = await removeReceiver(
        { transport, endpoint, kinds: [nodeTypes[node.type].kind], login: node.sshUser },
        signal,
      );
      if (removed.ok) await noteRestricted(stateDirectory, node.id, undefined);
      return removed;
    }, signal);
  }

  private async ask(node: Node, endpoint: Endpoint, signal: AbortSignal): Promise<Failure | undefined> {
    const { transport, random, cluster } = this.ground;
    const lane = { transport, endpoint, clusterId: await cluster(), random, deadlineMs: askMs };
    // Below every term, so that no record of the node is touched by it.
    const position = { epoch: 0, writer: '00000000', seq: 0 };
    const { kind } = nodeTypes[node.type];
    const answer = await call(lane, { mode: 'check', kind, position, fresh: true }, signal);
    return isFailed(answer) ? answer : undefined;
  }

  /** One command at a time makes, notes and drops keys. */
  private async locked<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { stateDirectory, clock } = this.ground;
    const folder = identityFolder(stateDirectory);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'lock');
    const holder = holderName('syncctl node');
    const lock = await acquireLock({ path, holder, waitMs: lockWaitMs, clock }, signal);
    try {
      await likeItsFolder(stateDirectory, [folder, path]);
      return await work();
    } finally {
      lock.release();
    }
  }
}

function withAdmin(endpoint: Endpoint, { user, identity }: Admin): Endpoint {
  return {
    ...endpoint,
    user: user ?? endpoint.user,
    identities: identity === undefined ? endpoint.identities : [identity],
  };
}

function needed(cluster: string | undefined): string {
  if (cluster !== undefined) return cluster;
  throw new SyncError(
    'unavailable',
    'the id of the cluster: expected to be minted and readable, got nothing',
    {
      remedy: 'syncctl push',
    },
  );
}
