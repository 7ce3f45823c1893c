import { describe, expect, it } from 'vitest';
import { EnrolDouble, rows, withEnrol } from './enrol-double.ts';

describe('bugs of the predecessor in installing again', () => {
  it('B50: adding a node that is registered already is no conflict of addresses: its row is updated in its place', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const before = (await rows(registry)).vps_nodes as readonly { last_sync: unknown }[];
    const { code, err } = await run(
      'node',
      'add',
      '100.68.225.92',
      '--type',
      'vps',
      '--user',
      'admin',
      '--name',
      'new-name',
      '--yes',
    );
    expect({ code, err: /conflict/iu.test(err) }).toEqual({ code: 0, err: false });
    const after = (await rows(registry)).vps_nodes;
    expect(after).toHaveLength(before.length);
    expect(after[0]).toMatchObject({
      ip: '100.68.225.92',
      name: 'new-name',
      ssh_user: 'admin',
      last_sync: before[0]?.last_sync,
    });
  });
});
