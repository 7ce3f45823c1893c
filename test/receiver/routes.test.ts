import { afterAll, describe, expect, it } from 'vitest';
import { NodeRoot, routesFile } from './harness.ts';

const node = new NodeRoot().enrol();
let seq = 0;

afterAll(() => {
  node.remove();
});

async function judged(document: string): Promise<string> {
  seq += 1;
  return (await node.ask({ kind: 'traefik-routes', document: Buffer.from(document, 'latin1'), seq })).result;
}

const good = routesFile(['demo', 'chat']);
const rule = '      rule: "Host(`demo.example.com`)"';
const url = '          - url: "http://100.76.150.207:80"';
const redirect = `
  middlewares:
    https-redirect:
      redirectScheme:
        scheme: https
        permanent: true
`;

describe('a routes file', () => {
  it.each([
    ['of the predecessor, minus its bugs', good],
    [
      'with the redirect of http',
      good.replace('entryPoints:', 'middlewares:\n        - https-redirect\n      entryPoints:') + redirect,
    ],
    [
      'with several hosts in a rule',
      good.replace(rule, '      rule: "Host(`a.example.com`) || Host(`b.example.com`)"'),
    ],
    [
      'with quoted keys',
      good
        .replaceAll('demo', '"123"')
        .replaceAll('""', '"')
        .replace('"123".example', '123.example')
        .replaceAll('"123"-service', '"123-service"'),
    ],
    ['with an IPv6 backend', good.replace(url, '          - url: "http://[fd7a:115c:a1e0::1]:8080"')],
    ['with an https backend', good.replace(url, '          - url: "https://10.0.0.1:8443"')],
    [
      'with a middleware of another provider',
      good.replace('entryPoints:', 'middlewares:\n        - auth@docker\n      entryPoints:'),
    ],
    ['with a priority', good.replace(rule, `${rule}\n      priority: 10`)],
    ['that is only comments', '# nothing public\n\n# bye\n'],
    ['that is only a redirect', `http:${redirect}`],
  ])('%s is accepted', async (_name, document) => {
    expect(['INSTALLED', 'UNCHANGED']).toContain(await judged(document));
  });

  it.each([
    [
      'a bare top-level key of a date (B28)',
      good.replace('http:', 'Generated on: Sat Nov 21 07:49:24 UTC 2026\nhttp:'),
    ],
    ['a key that is no plain YAML (B29)', good.replace('    demo:', '    @:')],
    ['a rule of a missing subdomain (B30)', good.replace('demo.example.com', '.example.com')],
    ['a backend without an address (B30)', good.replace('100.76.150.207', 'null')],
    ['a backtick that opens another rule (B32)', good.replace('demo.example.com', 'a`) || PathPrefix(`/')],
    ['a quote that ends the rule (B32)', good.replace('demo.example.com`)"', 'a`)" priority: 1 "')],
    ['a rule of another kind', good.replace('Host(', 'HostRegexp(')],
    ['a rule with && ', good.replace(rule, '      rule: "Host(`a.b`) && Host(`c.d`)"')],
    ['a rule with two hosts in one call', good.replace(rule, '      rule: "Host(`a.b`, `c.d`)"')],
    ['a rule with a blank in a name', good.replace('demo.example', 'demo example')],
    ['an empty rule', good.replace(rule, '      rule: ""')],
    ['two equal routers (B64)', good.replace('    chat:', '    demo:')],
    ['two equal services (B64)', good.replace('    chat-service:', '    demo-service:')],
    ['two equal fields', good.replace(rule, `${rule}\n${rule}`)],
    ['two routers sections', `${good}  routers:\n    x:\n${rule}\n      service: demo-service\n`],
    ['two http sections', `${good}http:\n`],
    ['a template', good.replace('# sync-controller', '# {{ env "SECRET" }}')],
    ['a template in a name', good.replaceAll('demo', '{{x}}')],
    ['a service that is not defined', good.replace('service: demo-service', 'service: other-service')],
    [
      'a middleware that is not defined',
      good.replace('entryPoints:', 'middlewares:\n        - gone\n      entryPoints:'),
    ],
    ['an empty routers section', 'http:\n  routers:\n  services:\n'],
    ['http alone', 'http:\n'],
    ['routers: {}', 'http:\n  routers: {}\n'],
    ['a service without servers', good.replace(url, '')],
    ['a router without a rule', good.replace(`${rule}\n`, '')],
    ['a router without a service', good.replace('      service: demo-service\n', '')],
    ['a backend with a path', good.replace(':80"', ':80/admin"')],
    ['a backend with a user', good.replace('100.76', 'root@100.76')],
    ['a backend of a name', good.replace('100.76.150.207', 'localhost')],
    ['a backend without a port', good.replace('.207:80', '.207')],
    ['a backend of port 0', good.replace(':80"', ':0"')],
    ['a backend of port 65536', good.replace(':80"', ':65536"')],
    ['a backend of another scheme', good.replace('http://100', 'h2c://100')],
    ['a tab', good.replace('  routers:', '\trouters:')],
    ['a carriage return', good.replaceAll('\n', '\r\n')],
    ['an odd indentation', good.replace('    demo:', '   demo:')],
    ['a document end', `${good}---\n`],
    ['an anchor', good.replace('    demo:', '    demo: &a')],
    ['an alias', good.replace('service: demo-service', 'service: *a')],
    ['a tag', good.replace('service: demo-service', 'service: !!str x')],
    ['a comment behind a value', good.replace('service: demo-service', 'service: demo-service # x')],
    [
      'a flow map',
      good.replace('      tls:\n        certResolver: letsencrypt', '      tls: {certResolver: x}'),
    ],
    ['a key of YAML that is a boolean', good.replaceAll('    demo:', '    yes:')],
    [
      'a reference that YAML reads as a boolean',
      good.replaceAll('demo-service:', '"true":').replaceAll('service: demo-service', 'service: true'),
    ],
    ['a priority that is no number', good.replace(rule, `${rule}\n      priority: 1abc`)],
    ['another field', good.replace(rule, `${rule}\n      observability: x`)],
    ['a plugin', `${good}${redirect}`.replace('redirectScheme', 'plugin')],
    ['tcp', good.replace('http:', 'tcp:')],
    ['a last line without a newline', good.trimEnd()],
    ['a terminal escape', good.replace('# sync-controller', '# \x1b]0;x\x07')],
    ['a byte above 127', good.replace('# sync-controller', '# \xe4')],
    ['JSON', '{"http":{}}\n'],
    ['log lines of an exporter (B37)', `\x1b[0;34m[INFO]\x1b[0m No routes\n${good}`],
  ])('with %s is refused, and the old file stays', async (_name, document) => {
    seq += 1;
    await node.ask({ kind: 'traefik-routes', document: good, seq });
    expect(document).not.toBe(good);
    expect(await judged(document)).toBe('INVALID');
    expect(node.read('srv/traefik/routes.yml')?.toString()).toBe(good);
  });

  it('is withdrawn to a file that Traefik accepts, or to none at all, never left as it was (B25)', async () => {
    expect(await judged(good)).not.toBe('INVALID');
    expect(await judged(routesFile([]))).toBe('INSTALLED');
    expect(node.read('srv/traefik/routes.yml')?.toString()).not.toContain('http');
    expect(await judged('')).toBe('INSTALLED');
    expect(node.read('srv/traefik/routes.yml')).toBe(undefined);
    expect(await judged('')).toBe('UNCHANGED');
  });
});
