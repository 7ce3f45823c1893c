import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { loadLogin } from '../../src/registry/kubernetes-login.ts';
import { createKubernetesSource } from '../../src/registry/kubernetes-source.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'login-'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('KUBECONFIG', '');
});
afterEach(() => rm(home, { recursive: true, force: true }));

interface Parts {
  readonly name: string;
  readonly server?: string;
  readonly user?: Record<string, unknown>;
  readonly current?: string;
}

const config = ({
  name,
  server = `https://${name}.example:6443`,
  user = { token: `token of ${name}` },
  current = name,
}: Parts): string =>
  JSON.stringify({
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': current,
  });
const put = async (file: string, parts: Parts): Promise<string> => {
  const path = join(home, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, config(parts));
  return path;
};
const authorization = async (choice: Parameters<typeof loadLogin>[0]): Promise<unknown> =>
  Object.entries((await (await loadLogin(choice)).requestOptions()).headers ?? {}).find(
    ([key]) => key.toLowerCase() === 'authorization',
  )?.[1];

describe('the login', () => {
  test('is the kubeconfig that is named, before all others', async () => {
    await put('.kube/config', { name: 'home' });
    vi.stubEnv('KUBECONFIG', await put('env', { name: 'env' }));
    const kubeconfig = await put('named', { name: 'named' });
    expect((await loadLogin({ kubeconfig })).server.href).toBe('https://named.example:6443/');
    expect((await loadLogin({})).server.href).toBe('https://env.example:6443/');
    vi.stubEnv('KUBECONFIG', '');
    expect((await loadLogin({})).server.href).toBe('https://home.example:6443/');
  });

  test('is merged from several files as kubectl does: the first to name something wins', async () => {
    const first = await put('one', { name: 'a' });
    const second = await put('two', { name: 'b' });
    const third = await put('three', { name: 'a', server: 'https://other.example' });
    vi.stubEnv('KUBECONFIG', ['', join(home, 'missing'), first, second, third].join(delimiter));
    expect((await loadLogin({})).server.href).toBe('https://a.example:6443/');
    expect((await loadLogin({ context: 'b' })).server.href).toBe('https://b.example:6443/');
  });

  test('carries a token of the file, and one of a token file without its line end, read anew', async () => {
    expect(await authorization({ kubeconfig: await put('a', { name: 'a' }) })).toBe('Bearer token of a');
    const kubeconfig = await put('b', { name: 'b', user: { tokenFile: 'secret' } });
    await writeFile(join(home, 'secret'), 'one\n');
    const login = await loadLogin({ kubeconfig });
    expect((await login.requestOptions()).headers).toMatchObject({ Authorization: 'Bearer one' });
    await writeFile(join(home, 'secret'), 'two\n');
    expect((await login.requestOptions()).headers).toMatchObject({ Authorization: 'Bearer two' });
  });

  test('knows when its file has changed', async () => {
    const kubeconfig = await put('a', { name: 'a' });
    const login = await loadLogin({ kubeconfig });
    expect(login.isOutdated()).toBe(false);
    await rm(kubeconfig);
    expect(login.isOutdated()).toBe(true);
  });

  test.each<[string, () => Promise<Parameters<typeof loadLogin>[0]>, RegExp]>([
    [
      'a file that is not there',
      async () => Promise.resolve({ kubeconfig: '/nonexistent/config' }),
      /\/nonexistent\/config: .*ENOENT/u,
    ],
    [
      'a file that is no kubeconfig',
      async () => (await writeFile(join(home, 'x'), '{{{'), { kubeconfig: join(home, 'x') }),
      /\/x: /u,
    ],
    [
      'an unknown context',
      async () => ({ kubeconfig: await put('a', { name: 'a' }), context: 'nope' }),
      /got "nope"; there are: a/u,
    ],
    [
      'a server that is no URL',
      async () => ({ kubeconfig: await put('a', { name: 'a', server: 'nonsense' }) }),
      /expected a context with a cluster/u,
    ],
    [
      'a KUBECONFIG of missing files',
      async () => (vi.stubEnv('KUBECONFIG', '/nonexistent/k'), Promise.resolve({})),
      /KUBECONFIG names no file/u,
    ],
  ])('is refused for %s, with what to do', async (_what, choice, reason) => {
    const given = await choice();
    await expect(loadLogin(given)).rejects.toMatchObject({
      exit: 'config',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('--kubeconfig'),
    });
  });
});

describe('a source without a login', () => {
  test('is unreadable, and reads once a kubeconfig is there', async () => {
    const kubeconfig = join(home, 'later');
    const source = await createKubernetesSource({ kubeconfig, requestMs: 500, clock: systemClock });
    expect(await source.read(AbortSignal.timeout(10_000))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('later'),
      remedy: expect.stringContaining('--kubeconfig'),
    });
    // Nothing listens on port 1: the reason is another one now, so the login was found.
    await put('later', { name: 'c', server: 'https://127.0.0.1:1' });
    expect(await source.read(AbortSignal.timeout(10_000))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(source.health().location).toBe('https://127.0.0.1:1 namespace kube-system');
    await source.close();
  });
});
