import type { EnrolPort, FoundKey, FoundKeys, Installed, RestrictionPort } from '../../src/cli/enrol-port.ts';
import type { TakeoverPort } from '../../src/enrol/takeover/node-port.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { demo, readKeyValue } from './registry-folder.ts';
import { site, type Site } from './support.ts';

export const rows = (registry: string) => readKeyValue(registry, 'sync-controller-registry', 'registry.json');
export const key = (letter: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;
export const found = (letter: string, source: FoundKey['source'] = 'scan'): FoundKey => ({
  key: key(letter),
  fingerprint: `SHA256:${letter.repeat(43)}`,
  source,
});

export const enrolled = (publicDomain = '-'): Installed => ({
  ok: true,
  answer: {
    sc: 1,
    nonce: '0',
    result: 'ENROLLED',
    version: '1.0.0',
    previous: '-',
    missing: [],
    targets: [],
    public_domain: publicDomain,
    facts: {},
    text: '',
  },
});

export class EnrolDouble implements EnrolPort {
  shown: readonly FoundKey[] = [found('a')];
  known: readonly FoundKey[] = [];
  notes: readonly string[] = [];
  silent = false;
  installs: string[] = [];
  answer = enrolled();

  async keysOf(_node: unknown, from: 'known_hosts' | 'scan'): Promise<FoundKeys> {
    if (from === 'scan' && this.silent) throw new Error('no answer in 10 s');
    return { keys: from === 'scan' ? this.shown : this.known, notes: this.notes };
  }

  /** What becomes of nodes is proved on real ones: test/e2e/least-privilege.test.ts, test/e2e/rotate-key.test.ts. */
  restriction: RestrictionPort = {
    look: () => Promise.reject(new Error('nothing is restricted here')),
    enforce: () => Promise.reject(new Error('nothing is restricted here')),
    takeBack: () => Promise.reject(new Error('nothing is restricted here')),
    uninstall: () => Promise.reject(new Error('nothing is restricted here')),
    rotate: ({ nodes }) =>
      Promise.resolve({
        nodes: nodes.map((node) => ({ node, result: 'rotated', cause: undefined, evidence: '' })),
        key: { generation: 2, path: '/key.2', blob: '', fingerprint: `SHA256:${'k'.repeat(43)}` },
        behind: [],
      }),
  };

  /** Taking over is proved on real nodes: test/e2e/takeover.test.ts. */
  takeover: TakeoverPort = {
    survey: () =>
      Promise.resolve({ ok: false, cause: 'timeout', evidence: '', reachable: false, held: false }),
    send: () => Promise.reject(new Error('nothing is taken over here')),
    install: () => Promise.reject(new Error('nothing is taken over here')),
    uninstall: () => Promise.reject(new Error('nothing is taken over here')),
  };

  async install(
    node: { name: string },
    { flags }: { readonly flags: readonly string[] },
  ): Promise<Installed> {
    this.installs.push([node.name, ...flags].join(' '));
    return this.answer;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

export async function withEnrol(
  enrol: EnrolDouble,
  options: { controller?: ControllerDouble; ask?: (question: string) => Promise<string> } = {},
): Promise<Site & { controller: ControllerDouble }> {
  const controller = options.controller ?? new ControllerDouble();
  controller.state = status({ daemon: false });
  const made = await site(demo, {
    openEnrol: () => Promise.resolve(enrol),
    openController: () => Promise.resolve(controller),
    ask: options.ask,
  });
  return { ...made, controller };
}
