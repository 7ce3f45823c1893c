import { describe, expect, it } from 'vitest';
import { problems, well } from './doctor-world.ts';
import { demo } from './registry-folder.ts';

const contentWith = (list: string) => ({
  ...demo,
  nodes: {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: [],
    [list]: [{ ip: '100.91.1.1', name: 'one', ssh_user: 'root', status: 'active' }],
  },
});

describe('a consumer that reports nothing of itself', () => {
  it.each([
    ['dnsmasq_nodes', []],
    ['caddy_nodes', [/^Caddy's admin API cannot be read/u]],
    ['vps_nodes', [/^Traefik's API cannot be read/u]],
  ])('is no finding where its kind has no report at all: %s', async (list, messages) => {
    const look = well({ rungs: { digest: 'ok', parsed: 'ok', raw: 'none', answers: 'ok' } });
    const found = (await problems({ look }, contentWith(list))).filter(({ check }) => check === 'login');
    expect(found.map(({ message }) => message)).toEqual(
      messages.map((message) => expect.stringMatching(message) as string),
    );
    for (const { remedy } of found) expect(remedy).toContain(`--type ${list}`);
  });
});
