import { createServer } from 'node:net';
import { rm } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { thisHost } from '../../src/cli/doctor/host.ts';
import { mendFor } from '../../src/cli/doctor/mends.ts';
import { causes, type CauseClass } from '../../src/model/cause.ts';
import type { Node } from '../../src/model/node.ts';
import { examine } from '../../src/cli/doctor/index.ts';
import { examined, findingsOf, hostOf, problems, silent, well } from './doctor-world.ts';
import { demo, demoNodes } from './registry-folder.ts';
import { site } from './support.ts';

describe('syncctl doctor as a whole', () => {
  it('knows more wherever the catalogue of causes sends people to doctor', () => {
    const node = { name: 'n', address: '100.1.1.1', sshUser: 'u', type: 'vps_nodes' } as Node;
    const circular = Object.entries(causes).filter(
      ([name, { remedy }]) =>
        remedy.includes('syncctl doctor') && mendFor(name as CauseClass, node) === undefined,
    );
    expect(circular).toEqual([]);
  });

  it('finds entries that are set aside, and a source that cannot be read', async () => {
    const services = { demo: { subdomain: 'a b', ip: '100.1.1.1', port: 80 } };
    expect(await problems({}, { ...demo, services })).toMatchObject([
      { check: 'registries', remedy: 'syncctl validate' },
    ]);
    const { run, registry } = await site(demo, {
      host: hostOf({}),
      openDoctor: () =>
        Promise.resolve({
          look: async () => well(),
          survey: () => Promise.resolve(silent),
          kubernetes: undefined,
          identities: ['/key'],
          dedicated: async () => [],
          held: async () => true,
          receiverVersion: async () => '1.0.0',
          agentSocket: undefined,
          defaultPort: 22,
          close: async () => undefined,
        }),
    });
    await rm(registry, { recursive: true });
    const { code, out } = await run('doctor');
    expect(code).toBe(1);
    expect(out).toContain('registries:');
  });

  it('looks at one node alone when one is named', async () => {
    const { out } = await examined({}, ['contabo-vps', '-o', 'json']);
    const findings = findingsOf(out);
    expect(new Set(findings.map((finding) => finding.check))).toEqual(
      new Set(['way', 'login', 'restriction']),
    );
    expect(new Set(findings.map((finding) => finding.subject))).toEqual(new Set(['contabo-vps']));
    expect((await examined({}, ['nobody'])).code).toBe(66);
  });

  it('exits 1 on an error, and takes the escapes out of what a node says', async () => {
    const { code, out } = await examined(
      { look: { ok: false, cause: 'auth', evidence: '\u001b[2Jhello', reachable: true } },
      [],
    );
    expect(code).toBe(1);
    expect(out).not.toContain('\u001b');
  });

  it('is not held up by a check that hangs or breaks', async () => {
    const signal = new AbortController().signal;
    const hangs = { name: 'hangs', perNode: false, run: () => new Promise<never>(() => undefined) };
    const breaks = { name: 'breaks', perNode: false, run: () => Promise.reject(new Error('oops')) };
    const fine = { name: 'fine', perNode: false, run: async () => [] };
    const found = await examine([hangs, breaks, fine], { signal } as never, 20);
    expect(found.map(({ check, level }) => [check, level])).toEqual([
      ['hangs', 'error'],
      ['breaks', 'error'],
    ]);
  });

  it('tells an open, a refused and a missing port apart on a real machine', async () => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.listen(0, '127.0.0.1', () => resolve(undefined));
    await promise;
    const { port } = server.address() as { port: number };
    expect(await thisHost.connect('127.0.0.1', port, 1_000)).toBe('open');
    await new Promise((done) => server.close(done));
    expect(await thisHost.connect('127.0.0.1', port, 1_000)).toBe('refused');
    expect(await thisHost.exec('/does/not/exist', [], new AbortController().signal)).toBeUndefined();
    expect(await thisHost.read('/does/not/exist')).toBeUndefined();
    onTestFinished(() => void server.close());
  });

  it('looks at every node of the registry', async () => {
    const looked: string[] = [];
    await examined({ ports: { look: async (node) => (looked.push(node.name), well()) } });
    expect(looked.toSorted()).toEqual(
      [...demoNodes.management_laptops, ...demoNodes.vps_nodes].map(({ name }) => name).toSorted(),
    );
  });
});
