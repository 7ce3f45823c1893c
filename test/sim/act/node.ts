import type { Link, SimNode } from '../node/node.ts';
import { block } from '../node/node.ts';
import { writeRows } from '../person/registries.ts';
import type { Action } from '../script/action.ts';
import { hostKeyOf } from '../person/settle.ts';
import type { Stage } from '../stage.ts';
import type { Deed } from './deed.ts';

const nodeOf = (stage: Stage, { who }: Action): SimNode => {
  const node = stage.nodes[who % stage.nodes.length];
  if (node === undefined) throw new Error('no node');
  return node;
};

function away(stage: Stage, node: SimNode, link: Link, forMs: number): void {
  stage.note(`${node.id} is ${link}`);
  stage.hold(
    `link ${node.address}`,
    forMs,
    () => (node.link = link),
    () => (node.link = 'up'),
  );
}

/** The machine goes down, and comes back with another boot id. */
function down(stage: Stage, node: SimNode, forMs: number): void {
  node.reboot();
  away(stage, node, 'silent', forMs);
}

/** One part of a node is broken for a while. */
function broken(
  part: string,
  act: (node: SimNode, action: Action) => void,
  mend: (node: SimNode) => void,
): Deed {
  return (stage, action) => {
    const node = nodeOf(stage, action);
    stage.note(`${node.id}: ${action.kind} ${action.word}`);
    stage.hold(
      `${part} ${node.address}`,
      action.forMs,
      () => act(node, action),
      () => mend(node),
    );
  };
}

/** Writes into the file as somebody does who does not know us. */
export function hand(node: SimNode, change: (text: string) => string): void {
  if (node.file !== undefined) node.file = change(node.file);
}

/** What happens to nodes and on the way to them. */
export const nodeDeeds: Readonly<Record<string, Deed>> = {
  link: (stage, action) => away(stage, nodeOf(stage, action), action.word as Link, action.forMs),
  unplug: (stage, { forMs }) => {
    const count = stage.dice.int(1, stage.nodes.length);
    for (const node of stage.nodes.slice(0, count)) away(stage, node, 'silent', forMs);
  },
  reboot: (stage, action) => down(stage, nodeOf(stage, action), action.forMs),
  reset: (stage, action) => {
    const node = nodeOf(stage, action);
    stage.note(`${node.id} is set up anew`);
    stage.installs.forget(node);
    node.reset();
    if (action.number === 1) node.receiver = 'missing';
  },
  runaway: (stage, action) => {
    const cluster = stage.scene.cluster.server.objects.get('sync-controller-term')?.data['cluster_id'];
    if (cluster === undefined) return;
    for (let n = 0; n < action.number; n += 1)
      runaway(
        nodeOf(stage, { ...action, who: action.who + n }),
        cluster,
        action.word === 'near' ? 1 + n : 3 + 2 * n,
      );
  },
  crash: (stage, action) => {
    const node = nodeOf(stage, action);
    node.crashAt = action.word;
    node.onCrash = (step) => {
      stage.note(`${node.id} goes down at ${step}`);
      // Only what no fsync had followed can be torn.
      if (action.number > 0 && (step === 'fenced' || step === 'recorded')) tear(stage, node, action.number);
      down(stage, node, action.forMs);
    };
  },
  slow: broken(
    'slow',
    (node, { number }) => (node.extraMs = number),
    (node) => (node.extraMs = 0),
  ),
  'node-disk': broken(
    'disk',
    (node, { word }) => (node.disk = word as SimNode['disk']),
    (node) => (node.disk = 'fine'),
  ),
  trouble: broken(
    'trouble',
    (node, { number }) => (node.trouble = number),
    (node) => (node.trouble = 0),
  ),
  'no-login': broken(
    'login',
    (node) => (node.acceptsKey = false),
    (node) => (node.acceptsKey = true),
  ),
  'no-receiver': broken(
    'receiver',
    (node, { word }) => (node.receiver = word as SimNode['receiver']),
    (node) => {
      // One that is missing is what the controller installs.
      if (node.receiver === 'no-sudo') node.receiver = 'there';
    },
  ),
  resolver: broken(
    'resolver',
    (node) => (node.resolver = 'wrong'),
    (node) => (node.resolver = 'right'),
  ),
  consumer: broken(
    'consumer',
    ({ consumer }, { word }) => {
      if (consumer === undefined) return;
      if (word === 'down') consumer.down = true;
      else consumer.stubborn = true;
    },
    ({ consumer }) => {
      if (consumer === undefined) return;
      consumer.stubborn = false;
      consumer.restart();
    },
  ),
  swap: (stage, action) => {
    const other = nodeOf(stage, { ...action, who: action.who + 1 + (action.who % 3) });
    swap(stage, nodeOf(stage, action), other, action.forMs);
  },
  'host-key': (stage, action) => {
    const node = nodeOf(stage, action);
    node.hostKey = hostKeyOf(node.address, stage.world.steps);
    node.boots += 1;
    stage.note(`${node.id} has another host key`);
    // A person looks at it and pins the new one.
    stage.later(action.forMs, () => {
      for (const id of node.rowIds) {
        const row = stage.truth.rows.get(id);
        if (row !== undefined) stage.truth.rows.set(id, { ...row, pins: [node.hostKey] });
      }
      if (!stage.faults.has('rows')) writeRows(stage.scene.cluster.server, stage.truth);
    });
  },
  'hand-outside': (stage, action) => {
    const node = nodeOf(stage, action);
    if (node.kind === 'hosts') hand(node, (text) => `10.8.8.8 nas.home\n${text}# by hand, without us\n`);
  },
  'hand-inside': (stage, action) => {
    const node = nodeOf(stage, action);
    stage.note(`a hand changes our lines on ${node.id}: ${action.word}`);
    if (action.word === 'gone')
      hand(node, (text) => (node.kind === 'hosts' ? text.replace(block, '') : '# gone\n'));
    else if (node.kind === 'hosts')
      hand(node, (text) =>
        text
          .replace(
            /^(# Written by [^\n]*\n)/mu,
            action.word === 'foreign' ? '$110.6.6.6\tby-hand.minicloud.local\n' : '$1',
          )
          .replace(/10\.1\.0\.3/u, '10.6.6.7'),
      );
    else hand(node, (text) => text.replace('http://10.1.0.4', 'http://10.6.6.7'));
  },
  'doubled-block': (stage, action) => {
    const node = nodeOf(stage, action);
    const found = node.kind === 'hosts' ? block.exec(node.file ?? '')?.[0] : undefined;
    if (found === undefined || node.file?.includes('#twice') === true) return;
    stage.hold(
      `markers ${node.address}`,
      action.forMs,
      () => hand(node, (text) => `${found}#twice\n${text}`),
      () => hand(node, undoubled),
    );
  },
  'node-clock': (stage, action) => {
    nodeOf(stage, action).clockOffsetMs += action.number;
  },
};

/** Two machines answer at each other's address for a while. */
export function swap(stage: Stage, one: SimNode, other: SimNode, forMs: number): void {
  const { nodes } = stage.scene;
  if (one === other || stage.faults.has('swap')) return;
  stage.note(`${one.id} and ${other.id} swap addresses`);
  stage.hold(
    'swap',
    forMs,
    () => {
      nodes.set(one.address, other);
      nodes.set(other.address, one);
    },
    () => atHome(stage),
  );
}

function atHome(stage: Stage): void {
  for (const node of stage.nodes) stage.scene.nodes.set(node.address, node);
}

function undoubled(text: string): string {
  return text.replace(/# BEGIN sync-controller [^]*?# END sync-controller [^\n]*\n#twice\n/u, '');
}

function tear(stage: Stage, node: SimNode, lost: number): void {
  const cluster = stage.scene.cluster.server.objects.get('sync-controller-term')?.data['cluster_id'];
  if (cluster !== undefined && node.model.tear(cluster, node.kind, lost))
    stage.note(`${node.id} tore its last record`);
}

/** A record of a higher epoch than any of ours stands on the node: of a controller that is long gone. */
export function runaway(node: SimNode, cluster: string, above: number): void {
  const fence = node.model.fence({ cluster, kind: node.kind });
  const document = node.managedBytes();
  if (fence === undefined || document === undefined) return;
  const position = { epoch: fence.epoch + above, writer: 'bygone0000', seq: 1 };
  node.model.apply({
    ...position,
    mode: 'apply',
    cluster,
    kind: node.kind,
    base: undefined,
    document,
    takeOver: false,
  });
}

/** Everything on and around the nodes works again. */
export function mendNodes(stage: Stage): void {
  atHome(stage);
  for (const node of stage.nodes) {
    node.link = 'up';
    node.crashAt = undefined;
    node.extraMs = 0;
    node.trouble = 0;
    node.disk = 'fine';
    node.resolver = 'right';
    node.acceptsKey = true;
    if (node.receiver === 'no-sudo') node.receiver = 'there';
    if (node.consumer !== undefined) {
      node.consumer.stubborn = false;
      node.consumer.restart();
    }
    if (node.file?.includes('#twice') === true) hand(node, undoubled);
  }
}
