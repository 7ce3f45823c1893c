import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { EnrolDouble } from './enrol-double.ts';
import { fileRevision } from './history-site.ts';
import { demo } from './registry-folder.ts';
import { site, type Ran } from './support.ts';

/** Commands that change nothing: what they would write is a file of the admin's own, or nothing. */
const reading = [
  ...['health', 'status', 'plan', 'render', 'validate', 'doctor', 'logs', 'history', 'history show', 'diff'],
  ...[
    'blame',
    'why',
    'support-bundle',
    'node list',
    'node show',
    'node stats',
    'service list',
    'secret encrypt',
    'secret decrypt',
    'secret check',
    'service show',
  ],
  ...[
    'domain list',
    'domain show',
    'rollout show',
    'term show',
    'token list',
    'audit',
    'version',
    'completion',
    '__complete',
  ],
];

/** Changes that no command undoes, and why. */
const without: Readonly<Record<string, string>> = {
  push: 'brings to the nodes what the registries say; what is undone is the edit, which prints how',
  reconcile: 'the same for every node',
  daemon: 'runs until it is stopped; each thing it does is one of the others',
  watch: 'the same',
  'notify test': 'a message that was sent cannot be taken back, and says that it is a test',
  'admission manifest': 'makes two files at most, and prints the line that removes them',
  'term take':
    'an epoch never goes back on a node, by design; the other control plane takes a term of its own',
  'node rotate-token':
    'the old token goes on until the new one is used; a further one is made by the same command',
  'node rotate-key': 'the old key is gone from the node; a further key is made by the same command',
};

/** A line that changes something, as an admin would type it after the ones before it. */
const changes: Readonly<Record<string, readonly string[]>> = {
  approve: ['abcdef123456', '--reason', 'x'],
  pause: ['--all', '--reason', 'x'],
  resume: ['--all'],
  'rollout pause': ['--reason', 'x'],
  'rollout resume': [],
  'rollout abort': ['--reason', 'x'],
  unpin: ['--reason', 'x'],
  freeze: ['--all', '--for', '2h', '--reason', 'x'],
  unfreeze: ['--all'],
  drift: ['contabo-vps', 'observe', '--reason', 'x'],
  'secret keygen': ['new.age'],
  'token create': ['ada', '--role', 'admin'],
  'token revoke': ['ada'],
  'node add': ['100.70.123.45', '--type', 'vps', '--name', 'new-vps', '--user', 'sammy', '--yes'],
  'node remove': ['dev-laptop', '--yes'],
  'node restore': ['dev-laptop'],
  'node trust': ['contabo-vps', '--from', 'scan', '--yes'],
  register: ['worker_nodes', '100.86.112.200', 'worker-01', 'root'],
  'service register': ['new', '--ip', '100.76.150.9', '--port', '80'],
  'service unregister': ['grafana', '--yes'],
  'service publish': ['grafana', '--yes'],
  'service unpublish': ['demo', '--yes'],
  'domain add': ['example.net'],
  'domain remove': ['example.net', '--yes'],
  'domain route': ['demo', 'curiios.com', '--vps', 'contabo-vps', '--yes'],
  'domain unroute': ['demo', '--yes'],
  rollback: ['R1', '--reason', 'x', '--yes'],
  backup: ['b.tar.gz'],
  restore: ['b.tar.gz', '--yes'],
};

/** Changes of registries that need another one before them, and those proved elsewhere. */
const prepared: Readonly<Record<string, readonly string[]>> = {
  'domain remove': ['domain', 'add', 'example.net'],
  'domain unroute': ['domain', 'route', 'demo', 'curiios.com', '--vps', 'contabo-vps', '--yes'],
  rollback: ['service', 'publish', 'grafana', '--yes'],
  restore: ['backup', 'b.tar.gz'],
};
const elsewhere: Readonly<Record<string, string>> = {
  upgrade:
    'a controller never goes down in version, so an admin does by ssh; test/e2e/upgrade.test.ts runs the printed line',
  init: 'each step prints its own undo: test/e2e/init.test.ts',
  adopt: 'each step prints its own undo, and all of them have one: test/e2e/takeover.test.ts',
  'secret rotate': 'needs sealed values: test/cli/secret.test.ts',
  'service discover': 'needs the services of a cluster; writes through the same door as service register',
};

const names = catalogue.map(({ path }) => path.join(' '));

async function ran(name: string): Promise<Ran> {
  const controller = new ControllerDouble();
  controller.state = status({ daemon: false });
  controller.held.add('abcdef123456');
  controller.removal = { ...controller.removal, undo: ['syncctl node add 100.64.0.1'] };
  const made = await site(demo, {
    openController: () => Promise.resolve(controller),
    openEnrol: () => Promise.resolve(new EnrolDouble()),
  });
  await fileRevision(made);
  const before = prepared[name];
  if (before !== undefined) {
    const first = await made.run(...before);
    expect(first.code, first.err).toBe(0);
    await fileRevision(made);
  }
  return made.run(...name.split(' '), ...(changes[name] ?? []));
}

describe('every command of the catalogue', () => {
  it('either only reads, or prints what undoes it, or has a reason why nothing does', () => {
    const known = [reading, without, changes, elsewhere].flatMap((one) =>
      Array.isArray(one) ? (one as readonly string[]) : Object.keys(one),
    );
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(known).size).toBe(known.length);
  });

  it.each(Object.keys(changes))('syncctl %s prints the command that undoes it', async (name) => {
    const { code, err } = await ran(name);
    expect([name, code, err]).toEqual([name, 0, expect.stringMatching(/: syncctl [a-z]/u)]);
  });
});
