import { idOf, marker, type RowTruth, type ServiceTruth } from '../person/truth.ts';
import { clusterInfo, domainData, writeAll, writeRows } from '../person/registries.ts';
import type { Action } from '../script/action.ts';
import type { Stage } from '../stage.ts';
import type { Deed } from './deed.ts';

const badEntries: Readonly<Record<string, (service: ServiceTruth) => Record<string, unknown>>> = {
  port: ({ name, public: open }) => ({
    [name]: { subdomain: name, ip: '10.1.0.99', port: 99_999, public: open },
  }),
  loopback: ({ name, public: open }) => ({
    [name]: { subdomain: name, ip: '127.0.0.1', port: 80, public: open },
  }),
  closing: ({ name }) => ({ [name]: { subdomain: name, ip: '10.1.0.99', port: 0, public: false } }),
  injection: () => ({ evil: { subdomain: 'a\n1.2.3.4 bank.com', ip: '10.1.0.66', port: 80, public: true } }),
  template: () => ({
    evil2: { subdomain: 'x`) || Host(`bank.com', ip: '10.1.0.66', port: 80, public: true },
  }),
  null: ({ name }) => ({ [name]: null }),
  text: ({ name }) => ({ [name]: 'soon' }),
};

/** A service that people change; the marker is not theirs. */
function someService(stage: Stage): ServiceTruth | undefined {
  const all = [...stage.truth.services.values()].filter(({ name }) => name !== marker);
  return all.length === 0 ? undefined : stage.dice.pick(all);
}

/** Changes the truth in one way, and writes it. */
export function edit(stage: Stage, how: string): void {
  const { truth, dice } = stage;
  const service = someService(stage);
  const number = dice.int(10, 250);
  if (how === 'add' || service === undefined) {
    const name = `x${String(number)}`;
    truth.services.set(name, { name, ip: `10.2.0.${String(number)}`, port: 8080, public: dice.chance(0.5) });
  } else if (how === 'remove') {
    if (truth.services.size > 8) truth.services.delete(service.name);
  } else
    truth.services.set(service.name, {
      ...service,
      ...(how === 'change' ? { ip: `10.3.0.${String(number)}` } : { public: how === 'publish' }),
    });
  saveServices(stage);
}

/** Writes the services as they are meant, under a new revision. */
export function saveServices(stage: Stage, bad?: Record<string, unknown>): void {
  const { truth, world, scene } = stage;
  const revision = truth.revise(world.nowMs, new Set(Object.keys(bad ?? {})));
  stage.note(`a person saves the services, revision ${String(revision.number)}`);
  scene.cluster.server.put('service-registry', { 'services.json': truth.servicesText(bad) }, 'person');
}

function put(stage: Stage, data: Record<string, string>, name = 'service-registry'): void {
  stage.scene.cluster.server.put(name, data, 'person');
}

const unreadable: Readonly<Record<string, (stage: Stage) => void>> = {
  json: (stage) => put(stage, { 'services.json': stage.truth.servicesText().slice(0, 90) }),
  null: (stage) => put(stage, { 'services.json': 'null' }),
  list: (stage) => put(stage, { 'services.json': '[]' }),
  key: (stage) => put(stage, { 'services.yaml': '{}' }),
  object: (stage) => stage.scene.cluster.server.remove('service-registry', 'person'),
  bom: (stage) => put(stage, { 'services.json': '\u0000{' }),
};

const others: Readonly<Record<string, (stage: Stage) => void>> = {
  nodes: (stage) => stage.scene.cluster.server.remove('sync-controller-registry', 'person'),
  'nodes-key': (stage) =>
    put(stage, { 'registry.json': '{"management_laptops": [' }, 'sync-controller-registry'),
  domains: (stage) => stage.scene.cluster.server.remove('domain-registry', 'person'),
  cluster: (stage) => stage.scene.cluster.server.remove('cluster-info', 'person'),
  'cluster-key': (stage) => put(stage, { 'cluster-name': 'minicloud' }, 'cluster-info'),
};

const reroutes: Readonly<Record<string, (stage: Stage) => void>> = {
  mode: (stage) =>
    put(
      stage,
      domainData(
        '{"s1": {"domains": ["example.org"], "vps_nodes": ["100.64.0.2"], "strategy": "round-robin"}}',
      ),
      'domain-registry',
    ),
  'public-domain': (stage) => put(stage, { ...clusterInfo, 'public-domain': '' }, 'cluster-info'),
  'cluster-domain': (stage) => put(stage, { ...clusterInfo, 'cluster-domain': 'other' }, 'cluster-info'),
};

function restoreServices(stage: Stage): void {
  if (stage.emptied || stage.faults.has('services')) return;
  saveServices(stage);
}

function empty(stage: Stage, { word, number, forMs }: Action): void {
  const mass = stage.truth.empty(stage.world.nowMs);
  stage.note(`a person empties the services, revision ${String(mass.number)}`);
  put(stage, { 'services.json': word === 'object' ? '{}' : '' });
  stage.meetEmptied();
  // The worst moment for a controller to forget what was in force.
  if (number === 2) stage.main.kill();
  if (number === 1 && stage.rerouted.size === 0)
    stage.later(forMs / 2, () => {
      if (!stage.emptied) return;
      // Whatever is withheld by now, also by another stroke since.
      for (const { number: each, mass: isMass } of stage.truth.revisions)
        if (isMass) stage.allowedMass.add(each);
      approveAll(stage);
    });
}

/** A person lets every withheld removal go. */
export function approveAll(stage: Stage): void {
  for (const unit of stage.units)
    for (const { hash } of unit.engine?.parts.fleet.current()?.held ?? [])
      stage.ask(unit, `approve ${hash}`, (controller) =>
        controller.approve(hash, { who: 'person', reason: 'meant so' }),
      );
}

/** What people do to the registries. */
export const registryDeeds: Readonly<Record<string, Deed>> = {
  edit: (stage, { word }) => {
    if (!stage.faults.has('services')) edit(stage, word);
  },
  burst: (stage, { number }) => {
    for (let n = 0; n < number; n += 1)
      stage.later(n * 40, () => {
        if (!stage.faults.has('services')) edit(stage, stage.dice.pick(['change', 'add', 'publish']));
      });
  },
  reformat: (stage) => {
    if (stage.faults.has('services')) return;
    put(stage, { 'services.json': JSON.stringify(JSON.parse(stage.truth.servicesText()), null, 4) });
  },
  'bad-entry': (stage, { word, forMs }) => {
    const service = someService(stage);
    if (service === undefined) return;
    // An entry that is bad and says `public: false` closes all the same.
    if (word === 'closing') stage.truth.services.set(service.name, { ...service, public: false });
    stage.hold(
      'services',
      forMs,
      () => saveServices(stage, badEntries[word]?.(service)),
      () => restoreServices(stage),
    );
  },
  unreadable: (stage, { word, forMs }) => {
    stage.hold(
      'services',
      forMs,
      () => unreadable[word]?.(stage),
      () => restoreServices(stage),
    );
  },
  'unreadable-other': (stage, { word, forMs }) => {
    const slot = word.startsWith('nodes') ? 'rows' : word === 'domains' ? 'domains' : 'cluster';
    const before = stage.scene.cluster.server.objects.get('sync-controller-registry')?.data['registry.json'];
    stage.hold(
      slot,
      forMs,
      () => others[word]?.(stage),
      () => restoreOthers(stage, slot, before),
    );
  },
  empty: (stage, action) => {
    stage.hold(
      'services',
      action.forMs,
      () => empty(stage, action),
      () => saveServices(stage),
    );
  },
  'empty-nodes': (stage, { forMs }) => {
    const before = stage.scene.cluster.server.objects.get('sync-controller-registry')?.data['registry.json'];
    for (const id of stage.truth.rows.keys()) stage.rowsGone.add(id);
    stage.hold(
      'rows',
      forMs,
      () => put(stage, { 'registry.json': '{}' }, 'sync-controller-registry'),
      () => restoreOthers(stage, 'rows', before),
    );
  },
  reroute: (stage, { word, forMs }) => {
    const slot = word === 'mode' ? 'domains' : 'cluster';
    // Who knows of nothing before, or of an empty registry, has nothing to hold it against, and obeys.
    if (stage.isBlind() || stage.faults.has('services')) return;
    stage.rerouted.add(slot);
    stage.hold(
      slot,
      forMs,
      () => reroutes[word]?.(stage),
      () => {
        stage.rerouted.delete(slot);
        restoreOthers(stage, slot, undefined);
      },
    );
  },
  'row-gone': (stage, { who, forMs }) => {
    const row = [...stage.truth.rows.values()][who % stage.truth.rows.size];
    if (row === undefined || stage.truth.rows.size < 3 || stage.faults.has('rows')) return;
    stage.truth.rows.delete(idOf(row));
    stage.rowsGone.add(idOf(row));
    writeRows(stage.scene.cluster.server, stage.truth);
    stage.later(forMs, () => {
      stage.truth.rows.set(idOf(row), {
        ...row,
        pins: [stage.nodes.find(({ address }) => address === row.address)?.hostKey ?? ''],
      });
      if (!stage.faults.has('rows')) writeRows(stage.scene.cluster.server, stage.truth);
    });
  },
  'stale-save': (stage, { forMs }) => {
    const { server } = stage.scene.cluster;
    const text = server.objects.get('sync-controller-registry')?.data['registry.json'];
    stage.later(forMs, () => {
      if (!stage.faults.has('rows')) writeRows(server, stage.truth, text);
    });
  },
  annotate: (stage, { forMs }) => {
    const { server } = stage.scene.cluster;
    const set = (annotations: Record<string, string>): void => {
      const present = server.objects.get('cluster-info');
      if (present !== undefined) server.put('cluster-info', present.data, 'person', annotations);
    };
    stage.hold(
      'annotation',
      forMs,
      () => set({ 'sync-controller/paused': 'true' }),
      () => set({}),
    );
  },
};

function restoreOthers(stage: Stage, slot: string, rows: string | undefined): void {
  const { server } = stage.scene.cluster;
  if (slot === 'rows') writeRows(server, stage.truth, rows);
  if (slot === 'domains') server.put('domain-registry', domainData(), 'person');
  if (slot === 'cluster') server.put('cluster-info', clusterInfo, 'person');
}

/** Everything reads as it is meant: the end of all that people did wrong. */
export function restoreAll(stage: Stage): void {
  const { truth, world, scene } = stage;
  truth.revise(world.nowMs);
  for (const node of stage.nodes)
    for (const id of node.rowIds) {
      const type = id.slice(0, id.indexOf('@')) as RowTruth['type'];
      const name = truth.rows.get(id)?.name ?? `n-${node.address}`;
      truth.rows.set(id, { type, address: node.address, name, pins: [node.hostKey] });
    }
  writeAll(scene.cluster.server, truth);
}
