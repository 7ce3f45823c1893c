import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import { targetKinds } from '../../src/model/bundle.ts';
import { nodeTypeFacts } from '../../src/model/node-types.ts';
import { fallbackFor } from '../../src/plan/fallback.ts';
import { keepPresent } from '../../src/plan/keep-present.ts';
import { nodeTypes, targetOf } from '../../src/plan/node-types/index.ts';
import { caddyBundle } from '../../src/plan/render-caddy.ts';
import { dnsmasqForm } from '../../src/plan/targets/dnsmasq-hosts.ts';
import { namesBundle } from '../../src/plan/targets/names.ts';
import { expectAsPlanned } from './reread.ts';

const cluster = 'cluster-0001';

function names(targets: Readonly<Record<string, string>>, clusterId = cluster): Bundle {
  return namesBundle(
    dnsmasqForm,
    clusterId,
    Object.entries(targets).map(([name, ip]) => ({ name: `${name}.x.local`, ip })),
  );
}

/** `backend@upstream` by label. */
function sites(targets: Readonly<Record<string, string>>, clusterId = cluster): Bundle {
  return caddyBundle(
    clusterId,
    Object.entries(targets).map(([label, target]) => {
      const [backend = '', upstream = ''] = target.split('@');
      return { host: `${label}.example.org`, backend, upstream };
    }),
  );
}

describe('the index of node types', () => {
  it('has a module for every type of the model, with the kind that the model names', () => {
    for (const { name, kind } of nodeTypeFacts) {
      expect(nodeTypes[name]).toMatchObject({ type: name, kind, target: { kind } });
    }
    for (const kind of targetKinds) expect(targetOf(kind).kind).toBe(kind);
  });

  it('gives no two types one word or one list', () => {
    const words = nodeTypeFacts.flatMap(({ name, word }) => [name, word]);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe('a file of names for dnsmasq', () => {
  const previous = names({ demo: '10.0.0.1', gone: '10.0.0.2' });

  it('falls back to what stood there, minus what the plan withdraws', () => {
    const plan = names({ demo: '10.0.0.9', fresh: '10.0.0.3' });
    expect(fallbackFor(plan, previous.bytes)).toBe(names({ demo: '10.0.0.1' }).bytes);
    expect(fallbackFor(names({}), previous.bytes)).toBe(names({}).bytes);
  });

  it('keeps names the plan does not know while no complete source was ever seen', () => {
    const kept = keepPresent(names({ demo: '10.0.0.9' }), cluster, previous.bytes);
    expect(kept?.bytes).toBe(names({ demo: '10.0.0.9', gone: '10.0.0.2' }).bytes);
    if (kept !== undefined) expectAsPlanned(kept);
  });

  it.each([
    ['nothing', ''],
    ['of another cluster', names({ demo: '10.0.0.1' }, 'cluster-0002').bytes],
    ['with a setting of dnsmasq', `${previous.bytes}address=/x/1.1.1.1\n`],
    ['that is cut off', previous.bytes.slice(0, -3)],
    ['of somebody else', '10.0.0.1 demo\n'],
  ])('is nothing to fall back to: %s', (_name, content) => {
    expect(fallbackFor(names({ demo: '10.0.0.1' }), content)).toBeUndefined();
    if (content !== '') expect(keepPresent(names({}), cluster, content)).toBeUndefined();
  });
});

describe('a file of routes for Caddy', () => {
  const previous = sites({ demo: 'demo@10.0.0.1:80', gone: 'gone@10.0.0.2:80' });

  it('falls back to what stood there, minus what the plan withdraws', () => {
    const plan = sites({ demo: 'demo@10.0.0.9:80', fresh: 'fresh@10.0.0.3:80' });
    expect(fallbackFor(plan, previous.bytes)).toBe(sites({ demo: 'demo@10.0.0.1:80' }).bytes);
    expect(fallbackFor(sites({}), previous.bytes)).toBe(sites({}).bytes);
  });

  it('brings no withdrawn service back under a name that another one has now', () => {
    expect(fallbackFor(sites({ demo: 'other@10.0.0.3:80' }), previous.bytes)).toBe(sites({}).bytes);
    expect(fallbackFor(sites({ demo: 'other@10.0.0.1:80' }), previous.bytes)).toBe(
      sites({ demo: 'demo@10.0.0.1:80' }).bytes,
    );
  });

  it('keeps routes the plan does not know while no complete source was ever seen', () => {
    const kept = keepPresent(sites({ demo: 'demo@10.0.0.9:80' }), cluster, previous.bytes);
    expect(kept?.bytes).toBe(sites({ demo: 'demo@10.0.0.9:80', gone: 'gone@10.0.0.2:80' }).bytes);
    if (kept !== undefined) expectAsPlanned(kept);
  });

  it.each([
    ['nothing', ''],
    ['of another cluster', sites({ demo: 'demo@10.0.0.1:80' }, 'cluster-0002').bytes],
    ['with a directive of its own', previous.bytes.replace('\treverse_proxy', '\tlog\n\treverse_proxy')],
    ['with a placeholder', previous.bytes.replace('demo.example.org', '{env.HOME}.example.org')],
    ['that is cut off', previous.bytes.slice(0, -3)],
    ['whose mark is of another cluster', previous.bytes.replace(`${cluster}/demo`, 'cluster-0002/demo')],
    ['of somebody else', 'demo.example.org {\n\trespond 200\n}\n'],
  ])('is nothing to fall back to: %s', (_name, content) => {
    expect(fallbackFor(sites({ demo: 'demo@10.0.0.1:80' }), content)).toBeUndefined();
    if (content !== '') expect(keepPresent(sites({}), cluster, content)).toBeUndefined();
  });
});
