import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pinJumps } from '../../src/enrol/jumps.ts';
import { parseJumps } from '../../src/transport/endpoint.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('hosts on the way', () => {
  it('are pinned by the known_hosts files only, each by its own port; an unknown one stays without a pin', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jumps-'));
    const file = join(folder, 'known_hosts');
    const key = ed25519Key('bastion').publicLine.split(' ').slice(0, 2).join(' ');
    await writeFile(file, `[bastion]:2200 ${key}\n`);
    const jumps = await pinJumps(parseJumps('a@bastion:2200,b@bastion', 'me'), [file], new ManualClock(0));
    await rm(folder, { recursive: true });
    expect(jumps).toEqual([
      {
        user: 'a',
        host: 'bastion',
        port: 2200,
        pins: [{ key, source: 'known_hosts', added: '1970-01-01T00:00:00Z' }],
      },
      { user: 'b', host: 'bastion', port: 22, pins: [] },
    ]);
  });
});
