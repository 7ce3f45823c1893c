import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import { fallbackFor } from '../../src/plan/fallback.ts';
import { keepPresent } from '../../src/plan/keep-present.ts';
import { hostsBundle } from '../../src/plan/render-hosts.ts';
import { renderRoutes } from '../../src/plan/render-routes.ts';
import { expectAsPlanned } from './reread.ts';

const cluster = 'cluster-0001';

function routes(targets: Readonly<Record<string, string>>, clusterId = cluster): Bundle {
  const entries = Object.entries(targets).map(([name, url]) => ({
    host: `${name}.curiios.com`,
    url: `http://${url}`,
    router: name,
    backend: name,
  }));
  return renderRoutes(entries, { clusterId, domains: ['curiios.com'] });
}

function hosts(targets: Readonly<Record<string, string>>, clusterId = cluster): Bundle {
  return hostsBundle(
    clusterId,
    Object.entries(targets).map(([name, ip]) => ({ name, ip })),
  );
}

const predecessor = `# MyNodeOne Routes - Auto-generated from service registry
Generated on: Sat Nov 21 07:49:24 UTC 2026

http:
  routers:
    demo:
      rule: "Host(\`demo.curiios.com\`)"
      service: demo-service
`;

describe('the fallback of a routes file', () => {
  const previous = routes({ demo: '100.1.1.1:80', gone: '100.1.1.2:80' }).bytes;

  it('is what stood there minus what the plan withdraws, backends included', () => {
    const plan = routes({ demo: '100.1.1.9:80', new: '100.1.1.3:80' });
    expect(fallbackFor(plan, previous)).toBe(routes({ demo: '100.1.1.1:80' }).bytes);
  });

  it('is a file of comments only when every name is withdrawn', () => {
    expect(fallbackFor(routes({}), previous)).toBe(routes({}).bytes);
  });

  it('brings no withdrawn backend back under a name that another service has now', () => {
    const before = renderRoutes(
      [{ host: 'x.com', url: 'http://100.1.1.1:80', router: 'private-x-com', backend: 'private' }],
      { clusterId: cluster, domains: [] },
    );
    const plan = renderRoutes(
      [{ host: 'x.com', url: 'http://100.1.1.2:80', router: 'other-x-com', backend: 'other' }],
      { clusterId: cluster, domains: [] },
    );
    expect(fallbackFor(plan, before.bytes)).toBe(routes({}).bytes);
  });

  it.each([
    ['the file of the predecessor', predecessor],
    ['nothing', ''],
    ['the file of another cluster', routes({ demo: '100.1.1.1:80' }, 'cluster-0002').bytes],
    ['a file with a key twice', previous.replaceAll('gone', 'demo')],
    [
      'a file with a wider rule',
      previous.replace('Host(`gone.curiios.com`)', 'Host(`gone.curiios.com`) || Host(`x.com`)'),
    ],
    ['a file with an anchor', previous.replace('loadBalancer:', 'loadBalancer: &a')],
    ['a file without the redirecting router', previous.replace('gone-http:', 'gone-other:')],
    ['a file cut off before its middleware', previous.slice(0, previous.indexOf('  middlewares:\n'))],
    ['a file cut off in a backend', previous.slice(0, previous.indexOf('  middlewares:\n') - 20)],
    [
      'a file whose route names no backend of it',
      previous.replaceAll('service: gone-service', 'service: none-service'),
    ],
  ])('does not exist after %s', (_title, content) => {
    expect(fallbackFor(routes({ demo: '100.1.1.1:80' }), content)).toBeUndefined();
  });
});

describe('the fallback of a hosts block', () => {
  const previous = hosts({ 'demo.minicloud.local': '100.1.1.1', 'gone.minicloud.local': '100.1.1.2' }).bytes;

  it('is what stood there minus what the plan withdraws', () => {
    const plan = hosts({ 'demo.minicloud.local': '100.1.1.9', 'new.minicloud.local': '100.1.1.3' });
    expect(fallbackFor(plan, previous)).toBe(hosts({ 'demo.minicloud.local': '100.1.1.1' }).bytes);
  });

  it.each([
    ['nothing', ''],
    ['a block of another cluster', hosts({ 'demo.minicloud.local': '100.1.1.1' }, 'cluster-0002').bytes],
    ['a block with a foreign line', previous.replace('100.1.1.2\t', '100.1.1.2 ')],
    ['a block without its end', previous.slice(0, -5)],
    [
      'a block in a block',
      previous.replace('100.1.1.2\tgone.minicloud.local', '# BEGIN sync-controller cluster-0001'),
    ],
    ['a block with something after it', `${previous}127.0.0.1\tlocalhost\n`],
  ])('does not exist after %s', (_title, content) => {
    expect(fallbackFor(hosts({ 'demo.minicloud.local': '100.1.1.1' }), content)).toBeUndefined();
  });
});

describe('the bundle that keeps what the plan does not know', () => {
  it('adds the names a node holds, as bytes and as expectation', () => {
    const kept = keepPresent(
      hosts({ 'a.local': '100.1.1.1' }),
      cluster,
      hosts({ 'a.local': '100.1.1.9', 'b.local': '100.1.1.2' }).bytes,
    );
    expect(kept?.names).toEqual(['a.local', 'b.local']);
    expect(kept?.bytes).toContain('100.1.1.1\ta.local');
    if (kept !== undefined) expectAsPlanned(kept);
  });

  it('adds the routes a node holds, under names that meet no planned one', () => {
    const previous = routes({ demo: '100.1.1.1:80', chat: '100.1.1.3:80' }).bytes;
    const kept = keepPresent(
      routes({ demo: '100.1.1.9:80', 'chat-http': '100.1.1.2:80' }),
      cluster,
      previous,
    );
    expect(kept?.names).toEqual(['chat-http.curiios.com', 'chat.curiios.com', 'demo.curiios.com']);
    if (kept !== undefined) expectAsPlanned(kept);
  });

  it('is the plan itself on a node that holds nothing, or nothing more', () => {
    const plan = routes({ demo: '100.1.1.9:80' });
    expect(keepPresent(plan, cluster, '')).toBe(plan);
    expect(keepPresent(plan, cluster, routes({ demo: '100.1.1.1:80' }).bytes)).toBe(plan);
  });

  it('does not exist where the present bytes are not ours', () => {
    expect(keepPresent(routes({}), cluster, predecessor)).toBeUndefined();
    expect(keepPresent(hosts({}), cluster, '127.0.0.1\tlocalhost\n')).toBeUndefined();
    expect(
      keepPresent(hosts({}), cluster, hosts({ 'a.local': '100.1.1.1' }, 'cluster-0002').bytes),
    ).toBeUndefined();
    expect(
      keepPresent(routes({}), cluster, routes({ demo: '100.1.1.1:80' }, 'cluster-0002').bytes),
    ).toBeUndefined();
  });
});
