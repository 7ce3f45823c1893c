import { chmodSync, existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeRoot, routesFile, sha } from './harness.ts';

let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot().enrol();
});

afterEach(() => {
  node.remove();
});

const good = routesFile(['demo']);
const bad = routesFile(['demo', 'broken']);
const routes = () => node.read('srv/traefik/routes.yml')?.toString();

/** A consumer that rejects a file with `broken` in it, or is down while `down` exists; it notes every call. */
function consumer(): void {
  const script = (name: string, body: string) => {
    node.write(`usr/bin/${name}`, `#!/bin/sh\necho "${name} $*" >>${node.path('calls')}\n${body}\n`);
    chmodSync(node.path(`usr/bin/${name}`), 0o755);
  };
  script(
    'probe',
    `[ ! -e ${node.path('down')} ] && ! grep -q broken ${node.path('srv/traefik/routes.yml')} 2>/dev/null`,
  );
  script('reload', 'exit 0');
  node.write('calls', '');
  node.target('traefik-routes', {
    shape: 'file',
    path: '/srv/traefik/routes.yml',
    check: 'traefik-routes',
    reload: '/usr/bin/reload now --please',
    probe: '/usr/bin/probe',
  });
}

const calls = () =>
  node
    .read('calls')
    ?.toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
const ask = (document: string, seq: number, fallback?: string) =>
  node.ask({ kind: 'traefik-routes', document, seq, fallback });

describe('a consumer with reload and probe', () => {
  it('is probed before, reloaded and probed after a change', async () => {
    consumer();
    expect((await ask(good, 1)).result).toBe('INSTALLED');
    expect(calls()).toEqual(['probe', 'reload now --please', 'probe']);
  });

  it('is not touched when no byte changes (B34)', async () => {
    consumer();
    await ask(good, 1);
    node.write('calls', '');
    expect((await ask(good, 2)).result).toBe('UNCHANGED');
    expect(calls()).toEqual(['']);
  });

  it('that rejects the new bytes gets the fallback: RESTORED, with the fence where the request raised it', async () => {
    consumer();
    await ask(good, 1);
    const receipt = await ask(bad, 2, good);
    expect(receipt).toMatchObject({
      result: 'RESTORED',
      code: 50,
      fence: { seq: 2, sha: sha(bad) },
      installed: { seq: 2, sha: sha(good), restored_from: sha(bad) },
      before: { sha: sha(good) },
      after: { sha: sha(good) },
    });
    expect(routes()).toBe(good);
  });

  it('that rejects them gets a fallback that withdraws: no file', async () => {
    consumer();
    expect((await ask(bad, 1, '')).result).toBe('RESTORED');
    expect(routes()).toBe(undefined);
  });

  it('that rejects them without a fallback keeps them: REJECTED', async () => {
    consumer();
    expect(await ask(bad, 1)).toMatchObject({
      result: 'REJECTED',
      code: 52,
      after: { sha: sha(bad) },
      installed: { sha: sha(bad) },
    });
    expect(routes()).toBe(bad);
  });

  it('that was down before keeps the new bytes: a restore would bring a withdrawn name back', async () => {
    consumer();
    await ask(good, 1);
    node.write('down', '');
    expect(await ask(routesFile([]), 2, good)).toMatchObject({ result: 'CONSUMER_DOWN', code: 53 });
    expect(routes()).toBe(routesFile([]));
  });

  it('never sees an invalid fallback: it is refused before anything is installed', async () => {
    consumer();
    expect((await ask(good, 1, '# {{ x }}\n')).result).toBe('INVALID');
    expect(existsSync(node.path('srv/traefik/routes.yml'))).toBe(false);
  });

  it('that hangs is ended at the deadline', async () => {
    consumer();
    node.write('usr/bin/probe', '#!/bin/sh\nexec sleep 60\n');
    chmodSync(node.path('usr/bin/probe'), 0o755);
    const receipt = await node.ask({ kind: 'traefik-routes', document: good, deadlineMs: 1000 });
    expect(receipt.result).toBe('CONSUMER_DOWN');
    expect(receipt.facts.ms).toBeLessThan(2000);
  });

  it('does not inherit the lock', async () => {
    consumer();
    node.write('usr/bin/reload', '#!/bin/sh\nsleep 20 &\necho $! >>"$(dirname "$0")/pids"\n');
    chmodSync(node.path('usr/bin/reload'), 0o755);
    await ask(good, 1);
    expect((await ask(routesFile(['chat']), 2)).result).toBe('INSTALLED');
    for (const pid of node.read('usr/bin/pids')?.toString().trim().split('\n') ?? [])
      process.kill(Number(pid));
  });

  it('that complains is quoted: the last line says what is wrong', async () => {
    consumer();
    node.write('usr/bin/reload', '#!/bin/sh\necho starting >&2\necho "ambiguous site: x" >&2\nexit 1\n');
    chmodSync(node.path('usr/bin/reload'), 0o755);
    const receipt = await ask(good, 1);
    expect(receipt).toMatchObject({ result: 'REJECTED' });
    expect(receipt.text).toContain('ambiguous site: x');
    expect(receipt.text).not.toContain('starting');
    expect(node.leftovers()).toEqual([]);
  });
});

describe('the flag reload', () => {
  const again = (seq: number) => node.ask({ kind: 'traefik-routes', document: good, seq, flags: ['reload'] });

  it('tells the consumer of bytes that are there already', async () => {
    consumer();
    await ask(good, 1);
    node.write('calls', '');
    expect(await again(2)).toMatchObject({ result: 'UNCHANGED', installed: { seq: 2 } });
    expect(calls()).toEqual(['probe', 'reload now --please', 'probe']);
  });

  it('runs refresh where the consumer follows the file by itself; nothing else does', async () => {
    consumer();
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      check: 'traefik-routes',
      refresh: '/usr/bin/reload afresh',
    });
    expect((await ask(good, 1)).result).toBe('INSTALLED');
    expect(calls()).toEqual(['']);
    expect((await again(2)).result).toBe('UNCHANGED');
    expect(calls()).toEqual(['reload afresh']);
  });

  it('is nothing to a target without words for it', async () => {
    node.enrol();
    await ask(good, 1);
    expect((await again(2)).result).toBe('UNCHANGED');
  });

  it('names a consumer that refuses, and one that is down', async () => {
    consumer();
    await ask(good, 1);
    node.write('usr/bin/reload', '#!/bin/sh\nexit 1\n');
    chmodSync(node.path('usr/bin/reload'), 0o755);
    expect(await again(2)).toMatchObject({ result: 'REJECTED', after: { sha: sha(good) } });
    node.write('down', '');
    expect(await again(3)).toMatchObject({ result: 'CONSUMER_DOWN' });
    expect(routes()).toBe(good);
  });

  it('in a rollback and with other bytes reloads once, as without it', async () => {
    consumer();
    await ask(good, 1);
    node.write('calls', '');
    const other = routesFile(['chat']);
    expect(
      (
        await node.ask({
          mode: 'rollback',
          kind: 'traefik-routes',
          document: other,
          seq: 2,
          flags: ['reload'],
        })
      ).result,
    ).toBe('RESTORED');
    expect(calls()).toEqual(['probe', 'reload now --please', 'probe']);
  });
});

describe('words of a target description', () => {
  it.each([
    ['a shell', 'refresh', '/bin/sh -c reboot;x'],
    ['a relative program', 'refresh', 'reload'],
    ['an expansion', 'reload', '/bin/x $(id)'],
    ['a check that is no name', 'check', '../hosts'],
    ['a check that nobody knows', 'check', 'bind'],
  ])('that hold %s are refused', async (_name, key, value) => {
    consumer();
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      check: 'traefik-routes',
      [key]: value,
    });
    expect((await ask(good, 1)).result).toBe('KIND');
    expect(calls()).toEqual(['']);
  });

  it('may hold keys that only another check knows', async () => {
    consumer();
    node.target('traefik-routes', {
      shape: 'file',
      path: '/srv/traefik/routes.yml',
      check: 'traefik-routes',
      dns: '127.0.0.1:53',
    });
    expect((await ask(good, 1)).result).toBe('INSTALLED');
  });
});
