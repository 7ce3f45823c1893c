import { describe, expect, it } from 'vitest';
import { problems } from './doctor-world.ts';
import { demo, demoNodes } from './registry-folder.ts';
import { tailscaleStatus } from './tailscale-status.ts';

const names = ['vinay-laptop', 'dev-laptop', 'contabo-vps'];
const peers = [
  { name: 'vinay-laptop', ip: '100.86.112.112' },
  { name: 'dev-laptop', ip: '100.86.112.113' },
  { name: 'contabo-vps', ip: '100.68.225.92' },
];
const found = async (status: string | { code: number; stdout: string } | undefined, content = demo) =>
  (await problems({ programs: { 'tailscale status': status } }, content)).map(
    ({ check, level, subject, message, remedy }) => [check, level, subject, message, remedy].join(' | '),
  );

describe('syncctl doctor on a Tailscale network', () => {
  it('finds nothing where every node is online, and asks for nothing where Tailscale is not installed', async () => {
    expect(await found(tailscaleStatus([...peers, { name: 'phone' }]))).toEqual([]);
    expect(await found(undefined)).toEqual([]);
  });

  it('names a node that left, one that is offline and one whose key has expired, each with what mends it', async () => {
    const [, dev, vps] = peers;
    const status = tailscaleStatus([
      { ...dev!, online: false },
      { ...vps!, online: false, expired: true },
    ]);
    expect(await found(status)).toEqual([
      'way | error | vinay-laptop | 100.86.112.112 is no peer of this Tailscale network | on the node: sudo tailscale up',
      'way | warning | dev-laptop | is offline in Tailscale | start the machine; on it: sudo tailscale up',
      'way | error | contabo-vps | its Tailscale key has expired | on the node: sudo tailscale up --force-reauth',
    ]);
  });

  it.each([
    ['Stopped', 'is stopped on this machine', 'sudo tailscale up'],
    ['NeedsLogin', 'this machine is logged out of it', 'sudo tailscale up'],
    ['NeedsMachineAuth', 'this machine waits for the approval of its network', 'approve it at'],
    ['Starting', 'is not connected on this machine (Starting)', 'sudo systemctl restart tailscaled'],
  ] as const)(
    'accuses this machine and no node where its own state is %s',
    async (state, message, remedy) => {
      const all = await found(tailscaleStatus(undefined, state));
      expect(all).toEqual([expect.stringContaining(`tailscale | ${message} | ${remedy}`)]);
      expect(names.some((name) => all.join().includes(name))).toBe(false);
    },
  );

  it.each([
    ['ends with 1', { code: 1, stdout: '' }],
    ['says something else', 'failed to connect to local tailscaled'],
  ])('has the daemon started where the program %s', async (_how, answer) => {
    expect(await found(answer)).toEqual([
      'way | error | tailscale | is installed here and does not answer | sudo systemctl start tailscaled',
    ]);
  });

  it('says nothing of it where no node has an address of its network', async () => {
    const vps_nodes = [{ ...demoNodes.vps_nodes[0]!, ip: '192.168.1.9' }];
    const nodes = { management_laptops: [], vps_nodes, worker_nodes: [] };
    const domains = { domains: { 'curiios.com': {} }, vps_nodes: [] };
    const all = await found(tailscaleStatus(undefined, 'Stopped'), { ...demo, nodes, domains });
    expect(all.filter((line) => line.startsWith('way'))).toEqual([]);
  });
});
