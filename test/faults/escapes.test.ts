// The key `restrict,command="…"` of docs/operations.md: whatever else somebody tries with it, nothing on the node changes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { Rig } from '../e2e/rig.ts';
import type { Attempt } from './attempt.ts';
import { fileAttempts } from './attempts-files.ts';
import { sshAttempts } from './attempts-ssh.ts';
import { wireAttempts } from './attempts-wire.ts';
import { startWorld, type Way } from './escapes-world.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('with the restricted key', () => {
  let rig: Rig | undefined;
  let held: Way;
  let free: Way;
  let before: readonly string[];
  beforeAll(async () => {
    ({ rig, held, free } = await startWorld());
    before = await held.state();
  });
  afterAll(async () => {
    await rig?.stop();
  });

  const as = async (way: Way, shell: string | undefined): Promise<void> => {
    if (shell === undefined) return;
    const ran = await way.node.run('exec bash', { stdin: shell });
    if (ran.code !== 0) throw new Error(`prepare: ${ran.stderr}`);
  };
  const attempted = async ({ prepare, undo, run, own }: Attempt) => {
    try {
      held.fence();
      await as(held, prepare);
      const was = prepare === undefined ? before : await held.state();
      const said = await run(held);
      const is = await held.state();
      const changed = [
        ...was.filter((line) => !is.includes(line)),
        ...is.filter((line) => !was.includes(line)),
      ];
      return { said, changed: changed.filter((line) => own?.test(line) !== true) };
    } finally {
      await as(held, undo);
      before = await held.state();
    }
  };

  it.each([...sshAttempts, ...wireAttempts, ...fileAttempts])('$name gets nowhere', async (attempt) => {
    const { said, changed } = await attempted(attempt);
    expect(said).toMatch(attempt.refused);
    expect(said).not.toMatch(/uid=\d+\(/u);
    expect(changed.slice(0, 20)).toEqual([]);
  });

  it.each([...sshAttempts].filter(({ control }) => control === true))(
    'without the restriction $name works, so that it is the key that holds',
    async ({ prepare, run, refused }) => {
      await as(free, prepare);
      expect(await run(free)).not.toMatch(refused);
    },
  );

  it('a push goes on working after all of that', async () => {
    const pushed = await rig?.syncctl(['push', 'held']);
    expect([pushed?.code, pushed?.stdout]).toEqual([0, expect.any(String)]);
  });
});
