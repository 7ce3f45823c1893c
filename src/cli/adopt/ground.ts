import { hostname } from 'node:os';
import type { Settings } from '../../config/settings.ts';
import { isoSeconds } from '../../lib/clock.ts';
import { SyncError } from '../../lib/errors.ts';
import type { HostKeyPin, Node } from '../../model/node.ts';
import { isEdge } from '../../model/node-types.ts';
import type { FleetPlan } from '../../model/plan.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { planFleet } from '../../plan/plan-fleet.ts';
import { clusterDomain, domain } from '../../registry/grammar.ts';
import { registerNodeSteps } from '../../registry/operations/nodes.ts';
import { previewed, type Step } from '../../registry/operations/step.ts';
import type { Source } from '../../registry/source.ts';
import { firstTexts, type FirstText } from '../../enrol/setup/first-objects.ts';
import { readConfigEnv } from '../../enrol/takeover/config-env.ts';
import { findPredecessor, homesOf, type Predecessor } from '../../enrol/takeover/predecessor.ts';
import { importedRegistry } from '../../enrol/takeover/registry-steps.ts';
import type { Surveyed } from '../../enrol/takeover/survey.ts';
import { pinsWith, type FoundKey } from '../../enrol/trust.ts';
import type { Call } from '../call.ts';
import { clusterIdOf, unminted } from '../desired.ts';
import type { EnrolPort } from '../enrol-port.ts';
import { stampOf } from '../stamp.ts';

/** A node before it changes hands. */
export interface NodeGround {
  /** With the pins that it will have. */
  readonly node: Node;
  readonly seen: Surveyed;
  /** Keys that nobody has agreed to yet. */
  readonly newKeys: readonly FoundKey[];
  readonly pins: readonly HostKeyPin[];
}

/** Everything an adoption stands on; nothing was written to gather it. */
export interface AdoptionGround {
  readonly call: Call;
  readonly settings: Settings;
  readonly settingsFile: string | undefined;
  readonly source: Source;
  readonly enrol: EnrolPort;
  readonly predecessor: Predecessor;
  /** Data keys of objects that do not exist. */
  readonly firstTexts: readonly FirstText[];
  /** Rows of edges that get the public domain of their old set-up. */
  readonly domainSteps: readonly Step[];
  /** The registries as they will be. */
  readonly snapshot: Snapshot;
  readonly plan: FleetPlan;
  readonly nodes: readonly NodeGround[];
}

/** Reads registries, this machine and every node, all at once. */
export async function gather(call: Call): Promise<AdoptionGround> {
  const settings = await call.settings();
  const source = await call.source();
  const reading = await source.read(call.context.signal);
  if (reading.kind !== 'read')
    throw new SyncError('unavailable', `adopt: expected readable registries, got: ${reading.reason}`, {
      remedy: reading.remedy,
    });
  const { env, uid, signal } = call.context;
  const account = { env, uid };
  const repoPath = reading.objects.get('cluster-info')?.data['repo-path'];
  const predecessor = await findPredecessor(account, repoPath === undefined ? [] : [repoPath], signal);
  const texts = await textsToMake(call, reading.missing, predecessor.localRegistry);
  const first = previewed(reading.objects, texts.map(stepOf), undefined);
  const enrol = await call.keep(call.context.openEnrol(settings));
  const nodes = await Promise.all([...first.nodes.values()].map((node) => look(call, enrol, node)));
  const domainSteps = domainsOf(call, nodes);
  const snapshot = previewed(reading.objects, [...texts.map(stepOf), ...domainSteps], undefined);
  const plan = planFleet(snapshot, (await clusterIdOf(call)) ?? unminted, []);
  return {
    ...{ call, settings, settingsFile: call.settingsFile, source, enrol, predecessor },
    ...{ firstTexts: texts, domainSteps, snapshot, plan, nodes },
  };
}

function stepOf({ object, key, text }: FirstText): Step {
  return { object, key, edit: (present) => (present === undefined ? text : undefined) };
}

async function textsToMake(
  call: Call,
  missing: readonly FirstText['object'][],
  localRegistry: string | undefined,
): Promise<readonly FirstText[]> {
  if (missing.length === 0) return [];
  const { env, uid } = call.context;
  const words = await readConfigEnv(await homesOf({ env, uid }));
  const said = clusterDomain(words.get('CLUSTER_DOMAIN') ?? '');
  const publicDomain = domain(words.get('PUBLIC_DOMAIN') ?? '');
  const stamp = stampOf(call, isoSeconds(call.context.clock.now()));
  const imported = await importedRegistry(localRegistry);
  const cluster = {
    name: words.get('CLUSTER_NAME') ?? hostname(),
    // The predecessor's own word where it knew none.
    domain: said.ok ? said.value : 'mynodeone',
    publicDomain: publicDomain.ok ? publicDomain.value : undefined,
  };
  return firstTexts(cluster, stamp)
    .filter(({ object }) => missing.includes(object))
    .map((one) => (one.key === 'registry.json' && imported !== undefined ? { ...one, text: imported } : one));
}

async function look(call: Call, enrol: EnrolPort, node: Node): Promise<NodeGround> {
  const { signal, clock } = call.context;
  const newKeys = node.hostKeys.length > 0 ? [] : await unseenKeys(call, enrol, node);
  const pins = pinsWith(node.hostKeys, newKeys, { clock });
  const seen = await enrol.takeover.survey(node, signal);
  return { node: { ...node, hostKeys: pins }, seen, newKeys, pins };
}

/** What known_hosts files have, else what the node shows: both are shown before anybody agrees. */
async function unseenKeys(call: Call, enrol: EnrolPort, node: Node): Promise<readonly FoundKey[]> {
  for (const origin of ['known_hosts', 'scan'] as const) {
    const { keys } = await enrol
      .keysOf(node, origin, call.context.signal)
      .catch(() => ({ keys: [] as readonly FoundKey[] }));
    if (keys.length > 0) return keys;
  }
  return [];
}

/** The public domain that the old set-up left on an edge, where nobody has said another. */
function domainsOf(call: Call, nodes: readonly NodeGround[]): readonly Step[] {
  const stamp = stampOf(call, isoSeconds(call.context.clock.now()));
  return nodes.flatMap(({ node, seen }) => {
    const found = domain(seen.ok ? seen.survey.publicDomain : '');
    if (!isEdge(node) || node.publicDomain !== undefined || !found.ok) return [];
    const nothing = {
      name: undefined,
      sshUser: undefined,
      sshPort: undefined,
      webhookPort: undefined,
      labels: undefined,
    };
    const { type, address } = node;
    return registerNodeSteps({ type, address, ...nothing, publicDomain: found.value }, stamp);
  });
}
