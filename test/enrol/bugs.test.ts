import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInstaller } from '../../src/enrol/receiver-file.ts';
import { NodeRoot, player, receiverPath, sha } from '../receiver/harness.ts';

const installer = await readInstaller(resolve(import.meta.dirname, '../../scripts'));
let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot();
  // The folders that every Linux has.
  for (const folder of ['usr/local/lib', 'etc', 'var/lib']) node.mkdir(folder);
});

afterEach(() => {
  node.remove();
});

/** Runs the installer as the controller does: its text, then one line of tokens and the bytes of the receiver. */
function install(
  kinds: string,
  login: string,
): { readonly result: string; readonly paths: readonly string[]; readonly text: string } {
  const receiver = readFileSync(receiverPath());
  const version = /^readonly VERSION=(.*)$/mu.exec(receiver.toString())?.[1] ?? '';
  const line = [
    'SCI1',
    'a'.repeat(16),
    version,
    String(receiver.length),
    sha(receiver),
    kinds,
    login,
    '-',
  ].join(' ');
  const input = Buffer.concat([installer, Buffer.from(`${line}\n`), receiver]);
  const run = spawnSync('bash', ['-s', '--', '--root', node.dir], { input, ...player });
  const answer = JSON.parse(run.stdout.toString().trim().split('\n').at(-1) ?? '') as {
    result: string;
    text: string;
    targets: readonly { path: string }[];
  };
  return {
    result: answer.result,
    paths: answer.targets.map(({ path }) => path),
    text: Buffer.from(answer.text, 'base64').toString(),
  };
}

function homeOf(login: string): string {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n');
  return rows.map((row) => row.split(':')).find(([name]) => name === login)?.[5] ?? '';
}

/** Each test would have caught the bug of the predecessor that it is named after. */
describe('bugs of the predecessor at enrolment', () => {
  it.each([
    ['root', '/root'],
    // A login whose home is not below /home, on every Linux.
    ['daemon', homeOf('daemon')],
  ])('B61: the home of %s is where the node says, %s', (login, home) => {
    expect(home).not.toBe(`/home/${login}`);
    node.mkdir(`${home.slice(1)}/traefik/config`);
    expect(install('traefik-routes', login)).toMatchObject({
      result: 'ENROLLED',
      paths: [`${home}/traefik/config/mynodeone-routes.yml`],
    });
  });

  it('B38: the settings that the predecessor left are read, and nothing in them is run', () => {
    const stolen = node.path('stolen');
    node.mkdir('srv/traefik');
    node.write(
      'root/.mynodeone/config.env',
      `touch ${stolen}\nPUBLIC_DOMAIN="$(touch ${stolen})"\nTRAEFIK_CONFIG_DIR="/srv/traefik"\nX=\`touch ${stolen}\`\n`,
    );
    expect(install('traefik-routes', 'root')).toMatchObject({
      result: 'ENROLLED',
      paths: ['/srv/traefik/mynodeone-routes.yml'],
    });
    expect(existsSync(stolen)).toBe(false);
  });
});
