import { afterAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { caseNames, inputOf } from '../cases/case-folder.ts';
import { clusterId, decide } from '../cases/case-output.ts';
import { dice, hostileService } from '../fuzz/hostile.ts';
import { NodeRoot } from '../receiver/harness.ts';
import { laptop, snapshotOf, vps } from './registry-of.ts';

/** Every different document of the golden cases, and one of many generated entries. */
function documents(): readonly Bundle[] {
  const golden = caseNames().flatMap((name) => {
    const { before, now } = inputOf(name);
    return [...decide(before, now).plan.nodes.values()].flatMap((node) => node.bundles);
  });
  const roll = dice(7);
  const services = Object.fromEntries(
    Array.from({ length: 150 }, (_, index) => hostileService(roll, index)).map(({ key, value }) => [
      key,
      value,
    ]),
  );
  const generated = [...planFleet(snapshotOf({ services, registry }), clusterId, []).nodes.values()].flatMap(
    (node) => node.bundles,
  );
  return [...new Map([...golden, ...generated].map((bundle) => [bundle.digest, bundle])).values()];
}

/** A node of every type. */
const registry = {
  management_laptops: [laptop],
  vps_nodes: [vps],
  worker_nodes: [],
  dnsmasq_nodes: [laptop],
  caddy_nodes: [vps],
};

describe('the receiver', () => {
  const node = new NodeRoot().enrol();
  node.write('etc/hosts', '127.0.0.1\tlocalhost\n');
  afterAll(() => {
    node.remove();
  });

  it('accepts and installs every document that the plan renders, byte for byte', async () => {
    const bundles = documents();
    expect(bundles.length).toBeGreaterThan(30);
    for (const [index, bundle] of bundles.entries()) {
      const receipt = await node.ask({
        cluster: clusterId,
        kind: bundle.kind,
        seq: index + 1,
        document: bundle.bytes,
      });
      expect([receipt.result, receipt.text, receipt.after?.sha, bundle.bytes]).toEqual([
        'INSTALLED',
        expect.any(String),
        bundle.digest,
        bundle.bytes,
      ]);
    }
  });
});
