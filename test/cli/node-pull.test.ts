import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { certificateIn } from '../support/certificate.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { EnrolDouble, rows } from './enrol-double.ts';
import { demo } from './registry-folder.ts';
import { site } from './support.ts';

const added = ['node', 'add', '192.168.1.20', '--type', 'laptop', '--name', 'home-server', '--pull'];

async function pulling(settings: Record<string, string> = {}) {
  const controller = new ControllerDouble();
  controller.state = status({ daemon: false });
  const enrol = new EnrolDouble();
  const made = await site(demo, {
    openEnrol: () => Promise.resolve(enrol),
    openController: () => Promise.resolve(controller),
  });
  const { certificate, key } = certificateIn(made.folder);
  const env = {
    ...made.context.env,
    SYNC_CONTROLLER_PULL_LISTEN: '0.0.0.0:9443',
    SYNC_CONTROLLER_PULL_URL: 'https://sync.example.com:9443',
    SYNC_CONTROLLER_PULL_CERTIFICATE: certificate,
    SYNC_CONTROLLER_PULL_KEY: key,
    ...settings,
  };
  const { runCli } = await import('../../src/cli/run.ts');
  const run = async (...words: readonly string[]) => {
    let [out, err] = ['', ''];
    const stdout = { write: (text: string) => (out += text) };
    const stderr = { write: (text: string) => (err += text) };
    const code = await runCli(['--registry', made.registry, ...words], {
      ...made.context,
      env,
      stdout,
      stderr,
    });
    return { code, out, err };
  };
  return { ...made, run, controller, enrol, certificate };
}

/** The pin as openssl makes it. */
function pinOf(certificate: string): string {
  const script =
    'openssl x509 -in "$0" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64';
  return execFileSync('bash', ['-c', script, certificate]).toString().trim();
}

describe('syncctl node add --pull', () => {
  it('registers the row, dials nobody, and prints one line with the token of the node', async () => {
    const { run, registry, controller, enrol, certificate } = await pulling();
    const { code, out, err } = await run(...added);
    expect([code, err]).toEqual([0, err]);
    const secret = `scn_${'0'.repeat(64)}`;
    expect(out).toBe(
      `curl -fsS -k --pinnedpubkey 'sha256//${pinOf(certificate)}' -H @- 'https://sync.example.com:9443/pull/v1' <<<'Authorization: Bearer ${secret}' | sudo bash\n`,
    );
    const list = (await rows(registry)) as unknown as Record<
      string,
      { ip: string; sync_controller?: object }[]
    >;
    expect(list['management_laptops']?.at(-1)).toMatchObject({
      ip: '192.168.1.20',
      sync_controller: { pull: true },
    });
    expect(controller.done).toEqual(['mintNodeToken']);
    expect(enrol.installs).toEqual([]);
    // The line is the one place for it.
    expect(err).not.toContain(secret);
    expect(err).toContain('To undo: syncctl node remove home-server');
  });

  it.each([
    [{ SYNC_CONTROLLER_PULL_LISTEN: 'off' }, /pull\.listen: expected an address/u],
    [{ SYNC_CONTROLLER_PULL_URL: '' }, /pull\.url/u],
    [{ SYNC_CONTROLLER_PULL_CERTIFICATE: '/no/such/file' }, /pull\.certificate: expected a PEM certificate/u],
  ])('changes nothing where no node could come: %j', async (settings, sentence) => {
    const { run, registry, controller } = await pulling(settings);
    const before = JSON.stringify(await rows(registry));
    const { code, err } = await run(...added);
    expect([code, err]).toEqual([78, expect.stringMatching(sentence)]);
    expect(JSON.stringify(await rows(registry))).toBe(before);
    expect(controller.done).toEqual([]);
  });

  it.each([['--restrict'], ['--upgrade'], ['--no-install'], ['--from', 'scan'], ['--admin-user', 'root']])(
    'takes no option of the way over SSH: %s',
    async (...words) => {
      const { run, controller } = await pulling();
      const { code, err } = await run(...added, ...words);
      expect([code, err]).toEqual([64, expect.stringContaining(words[0])]);
      expect(controller.done).toEqual([]);
    },
  );

  it('keeps a node that fetches from being dialled by mistake', async () => {
    const { run, enrol } = await pulling();
    await run(...added);
    const asSsh = added.filter((word) => word !== '--pull');
    for (const words of [
      [...asSsh, '--yes'],
      ['node', 'trust', 'home-server', '--from', 'scan'],
      ['node', 'remove', 'home-server', '--uninstall', '--yes'],
    ]) {
      const { code, err } = await run(...words);
      expect([words[1], code, err]).toEqual([
        words[1],
        75,
        expect.stringContaining('fetches its configuration itself'),
      ]);
    }
    expect(enrol.installs).toEqual([]);
    const all = await run('node', 'trust', '--all', '--from', 'scan', '--yes', '-o', 'json');
    const { nodes } = JSON.parse(all.out) as { nodes: { name: string }[] };
    expect(nodes.map(({ name }) => name)).not.toContain('home-server');
  });

  it('says of a node that fetches when it was here', async () => {
    const { run } = await pulling();
    await run(...added);
    expect((await run('node', 'show', 'home-server')).out).toContain('has not asked since the daemon began');
    const health = JSON.parse((await run('health', '-o', 'json')).out) as {
      nodes: { name: string; pull: unknown }[];
    };
    expect(health.nodes.find(({ name }) => name === 'home-server')?.pull).toEqual({
      here: false,
      lastVisit: null,
    });
    expect(health.nodes.find(({ name }) => name === 'contabo-vps')?.pull).toBeNull();
  });
});

describe('syncctl node rotate-token', () => {
  it('prints the line again with another token, and refuses a node that is dialled', async () => {
    const { run, controller } = await pulling();
    await run(...added);
    const { code, out } = await run('node', 'rotate-token', 'home-server', '--now');
    expect([code, out]).toEqual([0, expect.stringContaining('curl -fsS')]);
    expect(controller.asked.at(-1)).toMatchObject({
      with: { node: 'management_laptops@192.168.1.20', now: true },
    });
    const other = await run('node', 'rotate-token', 'contabo-vps');
    expect([other.code, other.err]).toEqual([75, expect.stringContaining('which is reached over SSH')]);
  });
});
