import { describe, expect, it } from 'vitest';
import { compareCaddy } from '../../src/plan/compare-caddy.ts';
import { caddyBundle } from '../../src/plan/render-caddy.ts';

const cluster = 'cluster-0001';
const expectation = caddyBundle(cluster, [
  { host: 'demo.example.org', backend: 'demo', upstream: '10.0.0.1:80' },
  { host: 'six.example.org', backend: 'six', upstream: '[fd7a::1]:8080' },
]).expectation;

/** A route as Caddy's own adapter writes it for a site block. */
function site(host: string, upstream: string, mark: string | null = `${cluster}/x`) {
  const vars = mark === null ? [] : [{ handler: 'vars', sync_controller: mark }];
  const handle = [...vars, { handler: 'reverse_proxy', upstreams: [{ dial: upstream }] }];
  return {
    match: [{ host: [host] }],
    handle: [{ handler: 'subroute', routes: [{ handle }] }],
    terminal: true,
  };
}

const demo = site('demo.example.org', '10.0.0.1:80');
const six = site('six.example.org', '[fd7a::1]:8080');
const foreign = site('other.example.org', '10.9.9.9:80', null);

function compared(servers: Readonly<Record<string, readonly object[]>>) {
  const config = {
    admin: { listen: 'localhost:2019' },
    apps: {
      http: {
        servers: Object.fromEntries(Object.entries(servers).map(([name, routes]) => [name, { routes }])),
      },
    },
  };
  return compareCaddy(expectation, Buffer.from(JSON.stringify(config)));
}

describe('what Caddy reports', () => {
  it.each([
    ['exactly the planned routes', { srv0: [demo, six] }],
    ['the planned routes in another order and on several servers', { a: [six], b: [foreign, demo] }],
    [
      'routes of others beside ours',
      { srv0: [foreign, demo, six], srv1: [{ handle: [{ handler: 'static_response' }] }] },
    ],
    [
      'routes of another cluster',
      { srv0: [demo, six, site('their.example.org', '10.1.1.1:80', 'cluster-0002/x')] },
    ],
    [
      'a foreign route of the same name behind ours',
      { srv0: [demo, six, site('demo.example.org', '6.6.6.6:80', null)] },
    ],
  ])('agrees with the plan: %s', (_name, servers) => {
    expect(compared(servers)).toEqual({ agrees: true });
  });

  it.each([
    ['a route is missing', { srv0: [demo] }, 'six.example.org'],
    ['there is no server at all', {}, 'demo.example.org'],
    ['another upstream is loaded', { srv0: [site('demo.example.org', '10.0.0.2:80'), six] }, '10.0.0.2:80'],
    [
      'a second upstream shares the name',
      { srv0: [demo, six, site('demo.example.org', '10.0.0.3:80')] },
      '10.0.0.3:80',
    ],
    [
      'a withdrawn route of ours is still loaded',
      { srv0: [demo, six, site('gone.example.org', '10.0.0.1:80')] },
      'gone.example.org',
    ],
    ['a route of ours lost its host name', { srv0: [demo, six, { ...demo, match: [] }] }, 'of any host'],
    [
      'the mark of our route is gone',
      { srv0: [site('demo.example.org', '10.0.0.1:80', null), six] },
      'got none',
    ],
    [
      'the mark is of another cluster whose name begins as ours',
      { srv0: [site('demo.example.org', '10.0.0.1:80', `${cluster}2/x`), six] },
      'got none',
    ],
    [
      'our route has further conditions',
      { srv0: [{ ...demo, match: [{ host: ['demo.example.org'], path: ['/x'] }] }, six] },
      'further conditions',
    ],
    [
      'a foreign route takes the name first',
      { srv0: [site('demo.example.org', '6.6.6.6:80', null), demo, six] },
      'before ours',
    ],
  ])('disagrees and says where: %s', (_name, servers, evidence) => {
    expect(compared(servers)).toMatchObject({
      agrees: false,
      evidence: expect.stringContaining(evidence) as string,
    });
  });

  it.each([
    ['no JSON', 'Client sent an HTTP request to an HTTPS server'],
    ['a list', '[]'],
    ['null', 'null'],
    ['servers of another shape', '{"apps":{"http":{"servers":[1,2]}}}'],
    ['routes of another shape', '{"apps":{"http":{"servers":{"a":{"routes":{"x":1}}}}}}'],
    [
      'handlers of another shape',
      '{"apps":{"http":{"servers":{"a":{"routes":[{"handle":[null,1,"x",{"routes":[null]}]}]}}}}}',
    ],
  ])('never agrees and never throws for %s', (_name, raw) => {
    expect(compareCaddy(expectation, Buffer.from(raw))).toMatchObject({ agrees: false });
  });

  it('that loaded nothing agrees with a plan of no routes', () => {
    const none = caddyBundle(cluster, []).expectation;
    for (const raw of ['null', '{}', '{"apps":{}}'])
      expect(compareCaddy(none, Buffer.from(raw))).toEqual({ agrees: true });
  });

  it('nested without end is not followed without end', () => {
    let route: object = demo;
    for (let depth = 0; depth < 200; depth += 1)
      route = { handle: [{ handler: 'subroute', routes: [route] }] };
    expect(compared({ srv0: [route, six] })).toMatchObject({ agrees: false });
  });
});
