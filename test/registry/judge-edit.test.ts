import { describe, expect, it } from 'vitest';
import { registryObjects, type RawObject, type RegistryObject } from '../../src/model/snapshot.ts';
import { judgeEdit, type Judgement } from '../../src/registry/judge-edit.ts';
import { parseRegistries } from '../../src/registry/parse.ts';

type Data = Readonly<Record<string, string>>;

const services = { demo: { subdomain: 'demo', ip: '100.76.150.1', port: 80 } };
const worker = (n: number): object => ({
  ip: `100.64.0.${String(n)}`,
  name: `w${String(n)}`,
  ssh_user: 'node',
});
const bad = { ip: 'not an address', name: 'bad', ssh_user: 'node' };
const rows = (...workers: readonly unknown[]): Data => ({
  'registry.json': JSON.stringify({ management_laptops: [], vps_nodes: [], worker_nodes: workers }),
});
const initial: Readonly<Record<RegistryObject, Data>> = {
  'service-registry': { 'services.json': JSON.stringify(services) },
  'sync-controller-registry': rows(worker(1)),
  'domain-registry': { 'domains.json': '{"domains":{},"vps_nodes":[]}', 'routing.json': '{}' },
  'cluster-info': { 'cluster-name': 'c', 'cluster-domain': 'testcloud' },
};
const raw = (name: RegistryObject, data: Data, annotations: Data = {}): RawObject => ({
  name,
  uid: name,
  resourceVersion: '1',
  data,
  annotations,
});

/** Judges an edit of one object of a cluster, the other three being sound. */
function judged(name: RegistryObject, before: Data | undefined, after: Data, annotations?: Data): Judgement {
  const objects = new Map(registryObjects.map((one) => [one, raw(one, initial[one])]));
  const was = before === undefined ? undefined : raw(name, before);
  if (was !== undefined) objects.set(name, was);
  else objects.delete(name);
  const lastGood = parseRegistries(objects, undefined);
  return judgeEdit(
    { before: was, after: raw(name, after, annotations) },
    { parse: parseRegistries, objects, lastGood },
  );
}

const paths = ({ errors }: Judgement): readonly string[] => errors.map(({ path }) => path);
const asServices = (value: object): Data => ({ 'services.json': JSON.stringify(value) });

describe('an edit of a registry', () => {
  it('is sound where it adds a good entry, and matters', () => {
    const more = { ...services, more: { subdomain: 'more', ip: '100.76.150.2', port: 81 } };
    expect(judged('service-registry', initial['service-registry'], asServices(more))).toEqual({
      errors: [],
      warnings: [],
      matters: true,
    });
  });

  it.each([
    ['a cut text', '{"demo": {', 'service-registry/services.json'],
    ['a list', '[]', 'service-registry/services.json'],
    [
      'a port out of range',
      JSON.stringify({ demo: { ...services.demo, port: 99_999 } }),
      'service-registry/services.json/demo/port',
    ],
    [
      'a name that is none',
      JSON.stringify({ demo: { ...services.demo, subdomain: 'a b' } }),
      'service-registry/services.json/demo/subdomain',
    ],
    [
      'a template',
      JSON.stringify({ demo: { ...services.demo, subdomain: '{{x}}' } }),
      'service-registry/services.json/demo/subdomain',
    ],
    [
      'a second claim on a name',
      JSON.stringify({ ...services, other: { ...services.demo, ip: '100.76.150.9' } }),
      'service-registry/services.json/other/subdomain',
    ],
  ])('is refused where it brings %s, with the path', (_, text, path) => {
    expect(paths(judged('service-registry', initial['service-registry'], { 'services.json': text }))).toEqual(
      [path],
    );
  });

  it('is not refused for what was wrong before it, in the same object or another', () => {
    const broken = { ...services, old: { subdomain: 'old', ip: 'nowhere', port: 80 } };
    const fixed = { ...broken, more: { subdomain: 'more', ip: '100.76.150.2', port: 81 } };
    expect(paths(judged('service-registry', asServices(broken), asServices(fixed)))).toEqual([]);
    const worse = { ...fixed, worst: { subdomain: 'worst', ip: 'nowhere', port: 80 } };
    expect(paths(judged('service-registry', asServices(broken), asServices(worse)))).toEqual([
      'service-registry/services.json/worst/ip',
    ]);
    // Wrong in another way is not more that is wrong.
    const otherwise = { ...services, old: { subdomain: 'old', ip: 'elsewhere', port: 80 } };
    expect(paths(judged('service-registry', asServices(broken), asServices(otherwise)))).toEqual([]);
    const twice = { ...services, old: { subdomain: 'old', ip: 'nowhere', port: 0 } };
    expect(paths(judged('service-registry', asServices(broken), asServices(twice)))).toEqual([
      'service-registry/services.json/old/port',
    ]);
  });

  it('is not refused where rows that go or come move a bad one', () => {
    const registry = (before: Data, after: Data): readonly string[] =>
      paths(judged('sync-controller-registry', before, after));
    expect(registry(rows(worker(1), worker(2), bad), rows(worker(2), bad))).toEqual([]);
    expect(registry(rows(bad), rows(worker(1), worker(2), bad))).toEqual([]);
    expect(registry(rows(worker(1), bad), rows(worker(1), bad, { ...bad, ip: 'neither' }))).toEqual([
      'sync-controller-registry/registry.json/worker_nodes/2/ip',
    ]);
    expect(registry(rows(bad), rows({ ...bad, ip: 'neither' }, bad))).toEqual([
      'sync-controller-registry/registry.json/worker_nodes/0/ip',
    ]);
  });

  it('is always refused where it leaves a text unreadable that it has touched, and never where it has not', () => {
    const cut = { 'services.json': '{"demo": {' };
    expect(paths(judged('service-registry', cut, { 'services.json': '{"demo": ' }))).toHaveLength(1);
    expect(paths(judged('service-registry', cut, cut, { note: 'annotated' }))).toEqual([]);
    expect(paths(judged('service-registry', cut, asServices(services)))).toEqual([]);
  });

  it('is refused where it takes a key away, and not where an object is made key by key', () => {
    const whole = initial['domain-registry'];
    const half = { 'domains.json': whole['domains.json'] ?? '' };
    expect(paths(judged('domain-registry', whole, half))).toEqual(['domain-registry/routing.json']);
    expect(paths(judged('domain-registry', undefined, half))).toEqual([]);
    expect(paths(judged('domain-registry', half, whole))).toEqual([]);
    expect(paths(judged('domain-registry', undefined, { ...half, 'routing.json': '{' }))).toEqual([
      'domain-registry/routing.json',
    ]);
    // An explicit nothing is the empty registry.
    expect(paths(judged('domain-registry', whole, { ...half, 'routing.json': '' }))).toEqual([]);
  });

  it('does not matter where only formatting, our statuses or an annotation of ours differ; a pause does', () => {
    const before = rows(worker(1));
    const status = { status: 'active', last_sync: '2026-01-01T00:00:00Z', last_error: null };
    const after = rows({ ...worker(1), ...status });
    expect(judged('sync-controller-registry', before, after)).toEqual({
      errors: [],
      warnings: [],
      matters: false,
    });
    const applied = { 'sync-controller/applied-revision': 'R1' };
    expect(judged('sync-controller-registry', before, before, applied).matters).toBe(false);
    const paused = { 'sync-controller/paused': 'true' };
    expect(judged('sync-controller-registry', before, before, paused).matters).toBe(true);
  });

  it('brings its own warnings along, and no others', () => {
    const route = (name: string): object => ({
      [name]: { domains: ['example.org'], vps_nodes: ['100.64.0.1'] },
    });
    const routing = (value: object): Data => ({
      ...initial['domain-registry'],
      'routing.json': JSON.stringify(value),
    });
    const first = judged('domain-registry', routing({}), routing(route('demo')));
    expect([paths(first), first.warnings.length > 0]).toEqual([[], true]);
    expect(judged('domain-registry', routing(route('demo')), routing(route('demo'))).warnings).toEqual([]);
  });
});
