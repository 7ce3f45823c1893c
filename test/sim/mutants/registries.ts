import { one, type Mutant } from './mutant.ts';

/** Defects of the way from the registry to the plan. */
export const registryMutants: readonly Mutant[] = [
  one(
    'an-unreadable-source-is-an-empty-one',
    'src/registry/registry.ts',
    `if (reading.kind === 'unreadable') {`,
    `if (reading.kind === 'unreadable' && this.#state.snapshot !== undefined) {
      const { snapshot } = this.#state;
      const gone = { ...snapshot, services: new Map(), nodes: new Map(), digest: 'none' };
      return this.#adopt({ snapshot: gone, sourceState: 'fresh', reason: undefined, remedy: undefined });
    }
    if (reading.kind === 'unreadable') {`,
  ),
  one(
    'a-missing-key-is-an-empty-one',
    'src/registry/parse-key.ts',
    `      \`write {} there to empty it on purpose\`,
    );
    return { kind: 'unreadable' };`,
    `      \`write {} there to empty it on purpose\`,
    );
    return { kind: 'empty' };`,
  ),
  one(
    'a-bad-entry-takes-its-last-good-version-along',
    'src/registry/parse-services.ts',
    'return keptService(lastGood, value);',
    'return undefined;',
  ),
  one(
    'any-text-is-a-subdomain',
    'src/registry/grammar.ts',
    `if (typeof value === 'string' && isLabelPath(value) && !ownNames.test(value))`,
    `if (typeof value === 'string')`,
  ),
  one(
    'last-good-is-not-loaded',
    'src/registry/registry.ts',
    'if (snapshot !== undefined && this.#state.snapshot === undefined)',
    'if (false)',
  ),
  one(
    'an-older-version-is-accepted',
    'src/registry/kubernetes-freshness.ts',
    'if (a.uid !== b.uid) return false;',
    'if (a.uid === a.uid) return false;',
  ),
  one(
    'older-versions-count-again-after-a-restart',
    'src/registry/registry.ts',
    'if (this.#options.recalls === true) this.#options.source.recall?.(objects);',
    '',
  ),
  one(
    'the-poll-is-ignored',
    'src/registry/kubernetes-poll.ts',
    'if (!reflector.isBehind(version)) return;',
    'if (reflector.known !== null) return;',
  ),
  one(
    'a-poke-during-a-read-is-lost',
    'src/registry/registry.ts',
    'await this.refresh(signal);\n      } catch',
    'await this.refresh(signal);\n        await this.#bursts.settled(signal, 1).catch(() => undefined);\n      } catch',
  ),
  one(
    'a-conflict-is-not-tried-again',
    'src/registry/kubernetes-edit.ts',
    `if (!isFailure(error, 'conflict', 'throttled', 'server', 'network', 'answer')) throw error;`,
    `if (!isFailure(error, 'throttled', 'server', 'network', 'answer')) throw error;`,
  ),
  one(
    'an-edit-of-somebody-else-is-overwritten',
    'src/registry/kubernetes-edit.ts',
    'resourceVersion: present.resourceVersion }',
    '}',
  ),
  one(
    'the-guard-lets-everything-go',
    'src/plan/guard.ts',
    'if (approvals.has(removal.hash)) continue;',
    'continue;',
  ),
  one(
    'the-guard-forgets-at-a-restart',
    'src/reconcile/fleet.ts',
    'if (moved || !this.stored) await this.store();',
    '',
  ),
  one(
    'an-approval-is-good-for-ever',
    'src/reconcile/fleet.ts',
    'for (const { hash } of spent) await this.approvals.spend(hash);',
    '',
  ),
  one(
    'a-full-disk-stops-the-plan',
    'src/reconcile/fleet.ts',
    'this.stored = false;',
    'this.stored = false;\n      throw error;',
  ),
  one(
    'names-a-fresh-controller-does-not-know-are-taken-away',
    'src/push/push-node.ts',
    'if (!context.additionsOnly)',
    'if (context.loadMs > 0)',
  ),
  one(
    'an-orphan-is-withdrawn',
    'src/reconcile/engine.ts',
    'for (const id of change.gone) {',
    `for (const id of change.gone) {
      const node = fleet.orphans().get(id);
      const deed = { node, kinds: ['hosts', 'traefik-routes'], outlook: { steps: [], hostsRemoved: [], undo: [], changes: [] }, abandon: false };
      if (node !== undefined) void this.removal.remove(deed as never, this.stop.signal).catch(() => undefined);`,
  ),
];
