import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { settingsSchema } from '../../src/config/schema.ts';
import { commandLines, commandTree, lineProblem } from './command-lines.ts';
import { root } from './titles.ts';

const unit = readFileSync(join(root, 'deploy/sync-controller.service'), 'utf8');
const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const defaults = settingsSchema.parse({});

/** Every value that the unit gives to a key. */
function valuesOf(key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gmu'))].map((match) => match[1] ?? '');
}

describe('deploy/sync-controller.service', () => {
  it('B59: starts the program where the instructions put it, in a folder that is always there', async () => {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    const [program = '', ...words] = valuesOf('ExecStart')[0]?.split(' ') ?? [];
    expect(program).toMatch(/^\/usr\/bin\/[a-z-]+$/u);
    expect(Object.keys(bin)).toContain(program.slice('/usr/bin/'.length));
    expect(operations).toContain('npm install --global --prefix /usr ./sync-controller-*.tgz');
    expect(lineProblem(await commandTree(), words)).toEqual([]);
    expect(valuesOf('WorkingDirectory')).toEqual(['/']);
    // Placeholders and folders of a clone are what a script forgets to replace.
    expect(unit).not.toMatch(/\/path\/to|MyNodeOne|\/root\/\w/u);
  });

  it('B60: names the kubeconfig that K3s itself writes', () => {
    expect(valuesOf('Environment')).toContain('KUBECONFIG=/etc/rancher/k3s/k3s.yaml');
  });

  it('does not start again what a restart cannot mend', () => {
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['64 78 127']);
  });

  it('gives the daemon longer to stop than it takes', () => {
    expect(Number(valuesOf('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(defaults.daemon.stopMs);
  });

  it('keeps state and socket where the daemon looks for them', () => {
    expect(valuesOf('StateDirectory')).toEqual(['sync-controller']);
    expect(valuesOf('RuntimeDirectory')).toEqual(['sync-controller']);
  });
});

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

describe('deploy/rbac.yaml', () => {
  const text = readFileSync(join(root, 'deploy/rbac.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map(
    (document) => document.toJS() as { kind: string; rules?: readonly Rule[] },
  );
  const rules = objects.flatMap((object) =>
    (object.rules ?? []).map((rule) => ({ ...rule, kind: object.kind })),
  );

  it('names exactly the objects that the defaults use', () => {
    const { names, ownPrefix } = defaults.source;
    // The last one is only looked for: a name that is refused reads as an error, not as absent.
    const shards = [0, 1, 2, 3].map((shard) => `${ownPrefix}-status-${String(shard)}`);
    const named = rules.flatMap((rule) => rule.resourceNames ?? []);
    expect([...named].sort()).toEqual([...Object.values(names), `${ownPrefix}-term`, ...shards].sort());
  });

  it('gives no right to delete, to secrets, or to everything', () => {
    const words = rules.flatMap((rule) => [...rule.resources, ...rule.verbs]);
    expect(words.filter((word) => word === '*' || word === 'secrets' || word.startsWith('delete'))).toEqual(
      [],
    );
  });

  it('limits all but creating and discovering to those names', () => {
    const open = rules
      .filter((rule) => rule.resourceNames === undefined)
      .map(({ kind, resources, verbs }) => ({ kind, resources, verbs }));
    expect(open).toEqual([
      { kind: 'Role', resources: ['configmaps'], verbs: ['create'] },
      { kind: 'Role', resources: ['events'], verbs: ['create', 'patch'] },
      { kind: 'ClusterRole', resources: ['services'], verbs: ['list'] },
    ]);
  });
});

describe('the lines of the manual for a node', () => {
  it('allow exactly the command that the controller runs', () => {
    const line = '/usr/local/lib/sync-controller/receive';
    expect(operations).toContain(`NOPASSWD: ${line} ""`);
    expect(operations).toContain(`restrict,command="sudo -n ${line}"`);
    expect(readFileSync(join(root, 'docs/protocol.md'), 'utf8')).toContain(`\`sudo -n ${line}\``);
    expect(commandLines('sudo -n x')).toEqual([]);
  });
});
