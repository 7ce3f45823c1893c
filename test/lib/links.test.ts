import { describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { runProgram } from '../fleet/process.ts';
import { readLinks, type Links } from '../../src/lib/links.ts';

const source = new URL('../../src/lib/links.ts', import.meta.url).href;
const look = `node --input-type=module -e 'import { readLinks } from "${source}"; console.log(JSON.stringify(await readLinks()))'`;

/** What a machine of its own sees of its links after each of these steps. */
async function seen(steps: readonly string[]): Promise<readonly Links[]> {
  const script = [
    'set -e',
    `PATH=${process.execPath.replace(/\/[^/]*$/u, '')}:$PATH`,
    look,
    ...steps.flatMap((step) => [step, look]),
  ];
  const { stdout, stderr, code } = await runProgram(['unshare', '--net', 'bash', '-c', script.join('\n')]);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Links);
}

describe.skipIf(!fleetAvailable('namespaces').available)('the links of this machine', () => {
  it('change with an address, a carrier and a default route, and not with the interface of a pod', async () => {
    const steps = [
      'ip link set lo up',
      'ip link add one type veth peer name other && ip link set other up && ip link set one up && ip address add 192.0.2.5/24 dev one',
      'ip route add default via 192.0.2.1',
      'ip link add pod0 type veth peer name pod1 && ip link set pod0 up && ip link set pod1 up',
      'ip -6 route add default via fe80::1 dev one',
      'ip link set other down',
    ];
    const all = await seen(steps);
    expect(all.map(({ hasAddress, hasDefaultRoute }) => [hasAddress, hasDefaultRoute])).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, true],
      [true, true],
      [true, true],
      [false, true],
    ]);
    const prints = all.map(({ fingerprint }) => fingerprint);
    expect(prints[4]).toBe(prints[3]);
    expect(new Set(prints).size).toBe(5);
  });

  it('read the same twice', async () => {
    expect(await readLinks()).toEqual(await readLinks());
  });
});
