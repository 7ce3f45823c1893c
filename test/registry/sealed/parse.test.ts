import { describe, expect, it, beforeEach } from 'vitest';
import { sealedMark } from '../../../src/lib/veil.ts';
import { parseRegistries } from '../../../src/registry/parse.ts';
import { openSealed, useIdentities } from '../../../src/registry/sealed/opened.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { planFleet } from '../../../src/plan/plan-fleet.ts';
import { content, objectsOf, placed, places } from './registry-places.ts';
import { testIdentity, type TestIdentity } from './ring.ts';

let identity: TestIdentity;

beforeEach(async () => {
  identity = await testIdentity();
  useIdentities([identity.file]);
});

async function parsed(value: object, lastGood?: Snapshot): Promise<Snapshot> {
  const objects = objectsOf(value);
  await openSealed(objects.values());
  return parseRegistries(objects, lastGood);
}

/** Places whose value logs and records name, so that they take none that is sealed. */
const plainOnly = /\/(?:ip|name|port|ssh_port|host_keys|labels|status|description|location)\b/u;

/** Fields for people alone, and remarks of a host key. */
const untold = /\/(?:description|location|source|added)$/u;

describe('a sealed value', () => {
  it.each(
    places
      .filter(({ path }) => !(plainOnly.test(path) && !path.startsWith('services/')))
      .filter(({ path }) => !path.endsWith('/port')),
  )('at $path is read as what it says', async ({ path, value }) => {
    const plain = await parsed(content);
    const sealed = await parsed(placed(path, await identity.seal(value)));
    expect(sealed.findings).toEqual(plain.findings);
    expect(sealed.digest).toBe(plain.digest);
    expect([...planFleet(sealed, 'sc-1', []).nodes.values()].map(({ bundles }) => bundles)).toEqual(
      [...planFleet(plain, 'sc-1', []).nodes.values()].map(({ bundles }) => bundles),
    );
  });

  it.each(places)(
    'at $path that does not open keeps what was good, removes nothing, and is named',
    async ({ path }) => {
      const good = await parsed(content);
      const stranger = await testIdentity();
      const after = await parsed(placed(path, await stranger.seal('whatever it says')), good);
      for (const part of ['services', 'nodes', 'domains', 'vpsRecords', 'routes'] as const)
        expect([...after[part].keys()], part).toEqual([...good[part].keys()]);
      const renders = (snapshot: Snapshot) =>
        [...planFleet(snapshot, 'sc-1', []).nodes.values()].map(({ bundles }) =>
          bundles.map(({ digest }) => digest),
        );
      expect(renders(after)).toEqual(renders(good));
      if (!untold.test(path)) expect(after.findings).not.toEqual(good.findings);
    },
  );

  it.each(places)('at $path never shows in a finding, whatever it says', async ({ path }) => {
    const secret = `S3cr"t\\${path.length}-nobody-may-see this`;
    const after = await parsed(placed(path, await identity.seal(secret)));
    const told = JSON.stringify(after.findings);
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), 'nobody-may-see'])
      expect(told).not.toContain(form);
    const refusal = after.findings.find(({ message }) => message.includes(sealedMark));
    if (!untold.test(path) && !path.includes('host_keys')) expect(refusal?.path).toBeDefined();
  });

  it('is no whole registry', async () => {
    const objects = objectsOf(content);
    const raw = objects.get('service-registry');
    if (raw === undefined) throw new Error('no services');
    const good = await parsed(content);
    objects.set('service-registry', { ...raw, data: { 'services.json': await identity.seal('{}') } });
    await openSealed(objects.values());
    const after = parseRegistries(objects, good);
    expect(after.services).toEqual(good.services);
    expect(after.findings).toMatchObject([{ message: expect.stringContaining('got one sealed text') }]);
  });

  it('may be written with the escapes of JSON, and stand under any name', async () => {
    const envelope = await identity.seal('10.9.8.7');
    const escaped = `\\u0061${envelope.slice(1)}`;
    const objects = objectsOf(content);
    const raw = objects.get('service-registry');
    if (raw === undefined) throw new Error('no services');
    const text = `{"demo":{"subdomain":"demo","port":80,"ip":"${escaped}"},"__proto__":"${envelope}"}`;
    objects.set('service-registry', { ...raw, data: { 'services.json': text } });
    await openSealed(objects.values());
    const { services } = parseRegistries(objects, undefined);
    expect(services.get('demo')?.ip).toBe('10.9.8.7');
    expect(({} as Record<string, unknown>)['plain']).toBeUndefined();
  });
});
