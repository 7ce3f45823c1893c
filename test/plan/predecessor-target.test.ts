import { describe, expect, it } from 'vitest';
import { isHeld, readFormer, targetChange } from '../../src/plan/predecessor-target.ts';
import { emitHosts } from '../../src/plan/hosts-block.ts';

const block = (...names: readonly string[]): string =>
  emitHosts(
    'sc-0123456789abcdef',
    names.map((name) => ({ name, ip: '100.64.0.1' })),
  );

describe('what a node held before us', () => {
  it.each([
    ['# MyNodeOne Services - Auto-synced on x\n100.64.0.9\ta.c.local\n\n10.0.0.1 nas\n', ['a.c.local']],
    [
      '# MyNodeOne services\n100.64.0.9  a.c.local  # ns/svc\n\n100.64.0.9 b.c.local\n# End MyNodeOne services\n1.1.1.1 x\n',
      ['a.c.local', 'b.c.local'],
    ],
    ['# MyNodeOne Apps\n100.64.0.9 a.c.local b.c.local\n# End MyNodeOne Apps\n', ['a.c.local', 'b.c.local']],
    ['127.0.0.1 localhost\n', []],
    [`127.0.0.1 localhost\n${block('z.c.local')}::1 x\n`, ['z.c.local']],
  ])('reads the names of old blocks and of ours, and nobody else’s: %j', (text, names) => {
    expect([...readFormer('hosts', text).names.keys()]).toEqual(names);
  });

  it('reads routes with the stray line, doubled keys and the bare @ of the old tools', () => {
    const router = (key: string, host: string): string =>
      `    ${key}:\n      rule: "Host(\`${host}\`)"\n      service: demo-service\n`;
    const text = `# MyNodeOne Routes - Auto-generated from service registry\nGenerated on: Sat Nov 21\n\nhttp:\n  routers:\n${router('demo', 'demo.x.org')}${router('demo', 'demo2.x.org')}${router('@', 'x.org')}\n  services:\n    demo-service:\n      loadBalancer:\n        servers:\n          - url: "http://100.64.0.1:80"\n`;
    const { names, legacy } = readFormer('traefik-routes', text);
    expect(names.get('x.org')).toBe('http://100.64.0.1:80');
    expect(names.has('demo2.x.org')).toBe(true);
    expect(legacy).toEqual(['# MyNodeOne Routes - Auto-generated']);
  });

  it.each(['{{{', 'http: [', '&a [*a]', '\u0000'])(
    'takes routes that nobody can read for none: %j',
    (text) => {
      expect(readFormer('traefik-routes', text).names.size).toBe(0);
    },
  );
});

describe('what a push changes', () => {
  it('names what is lost, moved and added', () => {
    const text = '# MyNodeOne Apps\n100.64.0.9 a.c.local\n100.64.0.9 gone.c.local\n# End MyNodeOne Apps\n';
    expect(targetChange('hosts', text, block('a.c.local', 'new.c.local'))).toEqual({
      lost: ['gone.c.local'],
      changed: ['a.c.local: 100.64.0.9 becomes 100.64.0.1'],
      added: ['new.c.local'],
      legacy: ['# MyNodeOne Apps'],
    });
  });

  it('knows a file that holds it already, and not one with an old block beside ours', () => {
    const bytes = block('a.c.local');
    const bundle = { kind: 'hosts', bytes } as const;
    expect(isHeld(bundle, `127.0.0.1 localhost\n${bytes}`)).toBe(true);
    expect(isHeld(bundle, `${bytes}# MyNodeOne Apps\n# End MyNodeOne Apps\n`)).toBe(false);
    expect(isHeld({ kind: 'traefik-routes', bytes: 'x\n' }, 'x\n')).toBe(true);
  });
});
