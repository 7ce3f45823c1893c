import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import type { Host } from '../../src/cli/doctor/host.ts';
import { hostOf } from './doctor-world.ts';
import { demo } from './registry-folder.ts';
import { site } from './support.ts';

/** A machine whose journald has left files. */
const withJournal: Host = {
  ...hostOf({}),
  stat: () => Promise.resolve(undefined),
  list: (folder) => Promise.resolve(folder.endsWith('journal') ? ['0123abcd'] : ['system.journal']),
};

describe('syncctl logs', () => {
  async function logged(
    ...words: string[]
  ): Promise<{ code: number; called: readonly (readonly string[])[] }> {
    const called: string[][] = [];
    const { run } = await site(demo, {
      host: withJournal,
      attach: async (file, args) => {
        called.push([file, ...args]);
        return 0;
      },
    });
    return { code: (await run('logs', ...words)).code, called };
  }

  it('reads the journal of the unit, with -n for lines and not for the namespace', async () => {
    expect(await logged('-n', '50', '-f', '--since', '1 hour ago')).toEqual({
      code: 0,
      called: [
        [
          'journalctl',
          '--unit',
          'sync-controller',
          '--no-pager',
          '--output',
          'short-iso',
          '--lines',
          '50',
          '--since',
          '1 hour ago',
          '--follow',
        ],
      ],
    });
  });

  it('looks for one node by id and name, with nothing of it left as a pattern', async () => {
    const { called } = await logged('contabo-vps');
    expect(called[0]).toContain(String.raw`vps_nodes@100\.68\.225\.92|contabo-vps`);
  });

  it.each([
    [['--since', '--output=json'], 64],
    [['--since', 'nonsense'], 64],
    [['--since', "5 o'clock"], 64],
    [['-n', 'many'], 64],
    [['nobody'], 66],
  ])('refuses %j', async (words, expected) => {
    expect(await logged(...words)).toEqual({ code: expected, called: [] });
  });

  it.each([
    ['2025-11-21', '2025-11-21'],
    ['2025-11-21 20:45:00 UTC', '2025-11-21 20:45:00 UTC'],
    ['20:45', '20:45'],
    ['yesterday', 'yesterday'],
    ['2 days ago', '2 days ago'],
    ['-1h30min', '-1h30min'],
    ['10m', '10m ago'],
  ])('takes %j as a time', async (word, passed) => {
    expect((await logged('--since', word)).called[0]).toContain(passed);
  });

  it.each<[string, Partial<CliContext>]>([
    [
      'no journalctl',
      { host: withJournal, attach: () => Promise.reject(new Error('spawn journalctl ENOENT')) },
    ],
    ['no journal', { host: { ...withJournal, list: () => Promise.resolve([]) } }],
  ])('says where else the log is, on a machine with %s', async (what, machine) => {
    const { run } = await site(demo, machine);
    expect(await run('logs', '-f')).toEqual({
      code: 69,
      out: '',
      err: `[✗] logs: expected the journal of systemd, got ${what} on this machine; read the output of the daemon where it runs: docker logs, kubectl logs\n`,
    });
  });
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<readonly string[]> => {
    const { context, registry } = await site(demo);
    let out = '';
    const { runCli } = await import('../../src/cli/run.ts');
    await runCli(['__complete', ...words.map((word) => word.replace('REGISTRY', registry))], {
      ...context,
      completionMs: 30_000,
      stdout: { write: (text) => (out += text) },
    });
    return out.split('\n').filter((line) => line !== '');
  };

  it('offers commands and subcommands that begin with the word', async () => {
    expect(await complete('pu')).toEqual(['push']);
    expect(await complete('node', 're')).toEqual(['remove', 'restore']);
    expect(await complete('__')).toEqual([]);
  });

  it('offers options and their choices', async () => {
    expect(await complete('plan', '--off')).toEqual(['--offline']);
    expect(await complete('health', '-o', 'j')).toEqual(['json']);
  });

  it('offers names from a folder of registries', async () => {
    expect(await complete('--registry', 'REGISTRY', 'push', 'c')).toEqual(['contabo-vps']);
    expect(await complete('service', 'publish', '--registry', 'REGISTRY', '')).toEqual(['demo', 'grafana']);
    expect(await complete('--registry', 'REGISTRY', 'domain', 'show', '')).toEqual(['curiios.com']);
  });

  it('stays silent where nothing can be offered', async () => {
    expect(await complete('--registry', '/does/not/exist', 'push', '')).toEqual([]);
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, out } = await (await site()).run('completion', shell);
    expect(code).toBe(0);
    expect(out).toContain('syncctl __complete');
  });

  it('works in a real bash', async () => {
    const { out } = await (await site()).run('completion', 'bash');
    const script = `syncctl() { [[ "$*" == '__complete pl' ]] && printf 'plan\\n$(echo injected)\\n'; }\n${out}\nCOMP_WORDS=(syncctl pl); COMP_CWORD=1; _syncctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout).toBe('plan\n$(echo injected)\n');
  });

  it('refuses a shell it does not know', async () => {
    expect((await (await site()).run('completion', 'tcsh')).code).toBe(64);
  });
});
