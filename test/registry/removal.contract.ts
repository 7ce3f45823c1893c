import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { removeNodeSteps } from '../../src/registry/operations/node-removal.ts';
import { carryOut } from '../../src/registry/operations/step.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import type { Source } from '../../src/registry/source.ts';
import type { SourceBench } from './source.contract.ts';

const gone = '100.68.225.92';
const stays = '100.70.123.45';
const node = { type: 'vps_nodes', address: gone } as const;

// Spelled as no serialiser of ours would: what is not taken out must come through as it is.
const services = `{"demo":{"subdomain":"demo","ip":"100.76.150.207","port":8e1,"public":true},
 "chat":{"subdomain":"chat","ip":"100.76.150.208","port":80, "public":true}}\n`;
const registry = `{ "vps_nodes" : [
  {"ip":"${gone}", "name":"contabo-vps","ssh_user":"sammy"},
  {"ip":"${stays}","name":"hetzner-vps",   "ssh_user":"sammy", "odd": 1.50}
 ],"management_laptops":[],"worker_nodes":[], "metadata":{"version":"1.0"}}`;
const routing = `{
\t"demo" : {"domains":["curiios.com"], "vps_nodes":["${gone}" ,"${stays}"], "strategy":"geo","updated":"2025-11-08T05:16:58Z"},
\t"chat" : {"vps_nodes": ["${gone}"], "domains":["curiios.com"], "note":"\\u00e9"}
}\n`;
const domains = `{"domains":{"curiios.com":{ }},"vps_nodes":[{"tailscale_ip":"${stays}","public_ip":"49.12.1.2"},
  {"tailscale_ip":"${gone}","public_ip":"45.8.133.192","location":"eu"}]}`;
const legacy = `{"${stays}":{"public_ip":"49.12.1.2"} , "${gone}":{"public_ip":"45.8.133.192"}}`;

const after = {
  'routing.json': routing.replace(`"${gone}" ,`, '').replace(`["${gone}"]`, '[]'),
  'domains.json': `{"domains":{"curiios.com":{ }},"vps_nodes":[{"tailscale_ip":"${stays}","public_ip":"49.12.1.2"}]}`,
  'vps-nodes.json': `{"${stays}":{"public_ip":"49.12.1.2"}}`,
  foreign: ' kept ',
};
const rowsAfter = registry.replace(/\{"ip":"100\.68[^}]*\},\n {2}/u, '');

/** The removal of a VPS from all registries, checked on one kind of source. */
export function describeRemoval(name: string, openBench: () => Promise<SourceBench>): void {
  describe(`the removal of a VPS from the registries of the ${name} source`, () => {
    let bench: SourceBench;
    let source: Source;
    beforeEach(async () => {
      bench = await openBench();
      source = await bench.open();
      await bench.put('service-registry', { 'services.json': services });
      await bench.put('sync-controller-registry', { 'registry.json': registry });
      await bench.put('cluster-info', { 'cluster-domain': 'minicloud', 'public-domain': 'curiios.com' });
      await bench.put('domain-registry', {
        'routing.json': routing,
        'domains.json': domains,
        'vps-nodes.json': legacy,
        foreign: ' kept ',
      });
    });
    afterEach(async () => {
      await source.close();
      await bench.close();
    });

    const snapshot = async (): Promise<Snapshot> => {
      const reading = await source.read(AbortSignal.timeout(30_000));
      if (reading.kind === 'unreadable') throw new Error(reading.reason);
      return parseRegistries(reading.objects, undefined);
    };
    const served = async (): Promise<Record<string, readonly string[]>> =>
      Object.fromEntries(
        [...planFleet(await snapshot(), 'cluster-0001', []).nodes.values()].map((plan) => [
          plan.node.address,
          plan.bundles.flatMap((bundle) => bundle.names),
        ]),
      );
    const expectDone = async (): Promise<void> => {
      expect(await bench.data('domain-registry')).toEqual(after);
      expect(await bench.data('sync-controller-registry')).toEqual({ 'registry.json': rowsAfter });
      expect(await bench.data('service-registry')).toEqual({ 'services.json': services });
    };

    test('takes it out of routes, records, the key of before and the rows, and leaves every other byte', async () => {
      expect(await carryOut(source, removeNodeSteps(node))).toBe(true);
      await expectDone();
      expect(await carryOut(source, removeNodeSteps(node))).toBe(false);
    });

    test.each([1, 2, 3, 4])(
      'killed after %i of its writes serves nothing through it, still knows it, and is ended by running it again',
      async (writes) => {
        await carryOut(source, removeNodeSteps(node).slice(0, writes));
        const half = await served();
        expect(half[gone] ?? []).toEqual([]);
        expect(half[stays]).toEqual(['demo.curiios.com']);
        // Found by its row until the last write, so that the command can be given once more.
        expect((await snapshot()).nodes.has(`vps_nodes@${gone}` as never)).toBe(writes < 4);
        await carryOut(source, removeNodeSteps(node));
        await expectDone();
      },
    );

    test('of the last VPS leaves its routes with empty lists: served nowhere, never everywhere', async () => {
      await carryOut(source, removeNodeSteps(node));
      await carryOut(source, removeNodeSteps({ type: 'vps_nodes', address: stays }));
      const last = await snapshot();
      expect(last.multiDomain).toBe(true);
      expect([...last.routes.values()].map(({ vpsNodes }) => vpsNodes)).toEqual([[], []]);
      // A VPS that comes next must not find itself serving every public service.
      await source.edit('sync-controller-registry', 'registry.json', () =>
        registry.replace(gone, '100.90.0.1').replace(stays, '100.90.0.2'),
      );
      expect(await served()).toEqual({ '100.90.0.1': [], '100.90.0.2': [] });
    });

    test('writes nothing but the row where no other registry names it, and makes no object', async () => {
      const plain = '{"curiios.com":{"description":"the layout of before"}}';
      await bench.put('domain-registry', { 'domains.json': plain, 'routing.json': '' });
      await carryOut(source, removeNodeSteps(node));
      expect(await bench.data('domain-registry')).toEqual({ 'domains.json': plain, 'routing.json': '' });
      await bench.remove('domain-registry');
      await carryOut(source, removeNodeSteps({ type: 'vps_nodes', address: stays }));
      expect(await bench.data('domain-registry')).toBeUndefined();
    });
  });
}
