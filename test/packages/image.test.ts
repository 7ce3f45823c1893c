// The steps of deploy/Containerfile in a clean Debian root, and what comes out of them, started as an engine would: no engine is here.
import { createServer, type AddressInfo } from 'node:net';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOn, startRig, until, type Rig } from '../e2e/rig.ts';
import { all, environmentOf, stagesOf } from './containerfile.ts';
import { buildDeb, root, workFolder } from './deb.ts';
import { debianAvailable, startDebian, type Debian } from './debian.ts';

const possible = debianAvailable();
const patient = { timeout: 300_000 };
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const [build = [], result = []] = stagesOf(readFileSync(join(root, 'deploy/Containerfile'), 'utf8'));
const environment = environmentOf(result);
const [user = ''] = all(result, 'USER');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('deploy/Containerfile', () => {
  it('builds in one stage and ships in another, which is a slim Debian with an own user', () => {
    expect(all(build, 'FROM')).toEqual([expect.stringMatching(/node:24-bookworm AS build$/u)]);
    expect(all(build, 'RUN').at(-1)).toBe('make deb');
    expect(all(result, 'FROM')).toEqual(['docker.io/library/debian:bookworm-slim']);
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/u);
  });
});

describe.skipIf(!possible.available)(`the image, made in a clean root${reason}`, patient, () => {
  const work = workFolder();
  let rig: Rig;
  let machine: Debian;
  let port: number;
  let ended: Promise<unknown> | undefined;

  beforeAll(async () => {
    // What `make deb` of the first stage makes.
    const deb = await buildDeb(work);
    [machine, rig, port] = await Promise.all([
      startDebian('still'),
      startRig({ nodes: [{ type: 'worker_nodes', name: 'worker' }] }),
      freePort(),
    ]);
    for (const { word, rest } of result) {
      if (word === 'COPY') {
        expect(rest).toBe('--from=build /src/sync-controller_*.deb /tmp/');
        machine.write(`/tmp/${basename(deb)}`, readFileSync(deb));
      }
      // The lists of packages are those that the clean root was made from: this needs no network.
      if (word === 'RUN')
        await machine.must(
          'sh',
          '-euc',
          rest.replace('apt-get update && ', '').replace('ca-certificates ', ''),
        );
    }
  }, 900_000);
  afterAll(async () => {
    await machine.stop();
    await ended;
    await rig.stop();
    rmSync(work, { recursive: true, force: true });
  });

  it('starts as its user with its environment, is alive, becomes ready, and pushes', async () => {
    const registry = '/var/lib/sync-controller/registry';
    cpSync(rig.registry, join(machine.rootDir, registry), { recursive: true });
    await machine.must('chown', '-R', user, registry);
    machine.write('/etc/sync-controller/ssh/id_ed25519', readFileSync(rig.fleet.clientKey), 0o440);
    await machine.must('chown', `0:${user.split(':')[1] ?? ''}`, '/etc/sync-controller/ssh/id_ed25519');
    machine.write(
      '/etc/sync-controller/config.yaml',
      `source:\n  kind: directory\n  directory: ${registry}\nssh:\n  identity: [/etc/sync-controller/ssh/id_ed25519]\napi:\n  listen: "127.0.0.1:${String(port)}"\n`,
    );
    const [uid = '', gid = ''] = user.split(':');
    const [entry = '[]'] = all(result, 'ENTRYPOINT');
    const [command = '[]'] = all(result, 'CMD');
    const words = [...(JSON.parse(entry) as string[]), ...(JSON.parse(command) as string[])];
    ended = machine.run(
      ...[
        'setpriv',
        `--reuid=${uid}`,
        `--regid=${gid}`,
        '--clear-groups',
        '--no-new-privs',
        '--bounding-set=-all',
      ],
      ...['env', '-i', 'PATH=/usr/bin:/bin', ...environment, ...words],
    );
    let said: unknown;
    void ended.then((how) => (said = how));
    const code = async (path: string): Promise<number> => {
      if (said !== undefined) throw new Error(`it has ended: ${JSON.stringify(said)}`);
      return (await fetch(`http://127.0.0.1:${String(port)}${path}`).catch(() => undefined))?.status ?? 0;
    };
    await until('it is alive', async () => (await code('/livez')) === 200);
    await until('it is ready', async () => (await code('/readyz')) === 200);
    await until('the node has the names', () =>
      fileOn(rig.node(0), 'etc/hosts').includes('demo.testcloud.local'),
    );
  });

  it('carries neither the package that it was made from nor lists of others', async () => {
    expect(
      await machine.must(
        'find',
        '/tmp',
        '/var/lib/apt/lists',
        '-name',
        '*.deb',
        '-o',
        '-name',
        '*_Packages*',
      ),
    ).toBe('');
  });

  it('ends at the signal that its definition names', async () => {
    expect(all(result, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    const pids = await machine.must(
      'bash',
      '-c',
      'grep -al "dist/main.j[s]" /proc/[0-9]*/cmdline | cut -d/ -f3',
    );
    await machine.must('bash', '-c', `kill -TERM ${pids.trim().split('\n').join(' ')}`);
    expect(await ended).toMatchObject({ code: 0 });
  });
});
