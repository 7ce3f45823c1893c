import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CopyFile } from '../../src/store/copy-file.ts';
import { pauseSchema } from '../../src/store/decisions.ts';
import { demo, demoNodes } from './registry-folder.ts';
import { site } from './support.ts';

const rule = '━'.repeat(53);

describe('syncctl health', () => {
  it("prints the predecessor's text block byte for byte", async () => {
    const { run } = await site(demo);
    const { code, out } = await run('health');
    expect(code).toBe(0);
    expect(out).toBe(
      `${rule}\n  Node Health Status\n${rule}\n\n` +
        'Management Laptops:\n' +
        '  • vinay-laptop: active (last sync: 2025-11-21T20:45:00Z)\n' +
        '  • dev-laptop: pending_sync (last sync: 2025-11-21T18:00:00Z)\n\n' +
        'VPS Edge Nodes:\n' +
        '  • contabo-vps: active (last sync: 2025-11-21T20:45:00Z)\n\n' +
        'Worker Nodes:\n\n',
    );
  });

  it('prints the address where a node has no name, never where it was not synced, and error for the failed of old (B4, B19)', async () => {
    const nodes = {
      management_laptops: null,
      vps_nodes: [{ ip: '100.68.225.92', ssh_user: 'sammy', status: 'failed', last_sync: null }],
    };
    const { out } = await (await site({ ...demo, nodes })).run('health');
    expect(out).toContain('  • 100.68.225.92: error (last sync: never)\n');
    expect(out).toContain('Worker Nodes:\n\n');
  });

  it('shows loudly what is quarantined, after the block', async () => {
    const services = { demo: { subdomain: 'a b', ip: '100.76.150.207', port: 80 } };
    const { code, out } = await (await site({ ...demo, services })).run('health');
    expect(code).toBe(0);
    expect(out).toMatch(
      /Worker Nodes:\n\nQuarantined: service-registry\/services\.json\/demo\/subdomain: expected /u,
    );
  });

  it('gives every fact as JSON and YAML', async () => {
    const { run } = await site(demo);
    const json = JSON.parse((await run('health', '-o', 'json')).out);
    expect(json).toMatchObject({
      apiVersion: 'sync-controller/v1',
      kind: 'HealthReport',
      daemon: false,
      counts: { active: 2, pending_sync: 1, error: 0 },
    });
    expect(json.nodes).toMatchObject([
      { name: 'vinay-laptop' },
      { name: 'dev-laptop' },
      { name: 'contabo-vps' },
    ]);
    expect((await run('health', '-o', 'yaml')).out).toContain('kind: HealthReport');
  });

  it('neutralises terminal escapes in names', async () => {
    const nodes = {
      ...demoNodes,
      management_laptops: [
        { ip: '100.86.112.112', name: '\u001b[2Jx', ssh_user: 'v', last_sync: '\u001b]0;x\u0007' },
      ],
    };
    const { out } = await (await site({ ...demo, nodes })).run('health', '-o', 'wide');
    // eslint-disable-next-line no-control-regex -- the escape is what must not be there
    expect(out).not.toMatch(/[\u0007\u001b]/u);
  });

  it('exits 69 in one sentence where the source cannot be read', async () => {
    const { run, registry } = await site(demo);
    await rm(registry, { recursive: true });
    const { code, err } = await run('health');
    expect(code).toBe(69);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain(registry);
  });

  it('asks no daemon and writes nothing where none runs', async () => {
    const { run, folder } = await site(demo);
    await run('health');
    await expect(writeFile(join(folder, '.local', 'state', 'sync-controller', 'x'), '')).rejects.toThrow(
      'ENOENT',
    );
  });

  it('tells what is paused, by command or by annotation, also where no daemon runs', async () => {
    const { run, folder, registry } = await site(demo);
    const [path = ''] = (await readdir(registry)).filter((name) => name.startsWith('domain-registry'));
    const manifest = await readFile(join(registry, path), 'utf8');
    const annotated = manifest.startsWith('{')
      ? manifest.replace('"metadata":{', '"metadata":{"annotations":{"sync-controller/paused":"true"},')
      : manifest.replace('metadata:\n', 'metadata:\n  annotations: { sync-controller/paused: "true" }\n');
    expect(annotated).not.toBe(manifest);
    await writeFile(join(registry, path), annotated);
    const state = join(folder, '.local', 'state', 'sync-controller');
    await mkdir(state, { recursive: true });
    const pause = { scope: 'all', who: 'ada', why: 'moving', since: '2026-01-01T00:00:00Z' };
    await new CopyFile(join(state, 'pauses.json'), pauseSchema).write([pause]);
    const { out } = await run('health');
    expect(out.match(/^Paused: .*$/gmu)).toEqual([
      'Paused: all nodes: paused by ada since 2026-01-01T00:00:00Z: moving; end it with: syncctl resume',
      expect.stringMatching(/^Paused: registry domain-registry; end it with: .*sync-controller\/paused/u),
    ]);
  });
});
