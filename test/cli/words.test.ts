import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.ts';
import { ControllerDouble } from './controller-double.ts';
import { demo } from './registry-folder.ts';
import { site } from './support.ts';

describe('the words of a command line', () => {
  it('end with 64 and the nearest command where a command is not known', async () => {
    const { code, err } = await (await site()).run('pusch');
    expect(code).toBe(64);
    expect(err).toMatch(/^\[✗\] command line: unknown command 'pusch'; did you mean push\?\n$/u);
  });

  it('end with 64 and the nearest option where an option is not known', async () => {
    const { code, err } = await (await site()).run('plan', '--ofline');
    expect(code).toBe(64);
    expect(err).toContain('did you mean --offline?');
  });

  it.each([
    ['too many', ['watch', 'x']],
    ['too few', ['render']],
    ['a wrong form', ['health', '-o', 'xml']],
    ['no reason', ['pause', '--all']],
    ['a wrong number', ['daemon', 'often']],
    ['a group without its command', ['node']],
    ['a group with a wrong command', ['node', 'lsit']],
    ['nothing at all', []],
  ])('end with 64 in one sentence on %s', async (_what, words) => {
    const { code, out, err } = await (await site()).run(...words);
    expect(code).toBe(64);
    expect(out).toBe('');
    expect(
      err
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('[✗]')),
    ).toHaveLength(1);
    expect(err).not.toContain('    at ');
  });

  it('may name the global options before and after the command', async () => {
    const { run } = await site(demo);
    const before = await run('-o', 'json', 'health');
    const after = await run('health', '-o', 'json');
    expect(before.code).toBe(0);
    expect(JSON.parse(after.out)).toEqual(JSON.parse(before.out));
  });

  it('find help for every command, with an example that parses', async () => {
    const { run } = await site();
    for (const { path } of catalogue) {
      const { code, out } = await run(...path, '--help');
      expect(code, path.join(' ')).toBe(0);
      expect(out).toContain(`syncctl ${path.join(' ')}`);
    }
  });

  it('group the commands of the first help page and end it with examples', async () => {
    const { out } = await (await site()).run('--help');
    for (const heading of ['Every day:', 'What should be:', 'The controller itself:', 'Examples:'])
      expect(out).toContain(heading);
    expect(out).not.toContain('__complete');
  });

  it('print the version in both spellings', async () => {
    const { run } = await site();
    expect((await run('--version')).out).toBe('1.2.3\n');
    expect((await run('version')).out).toBe('syncctl 1.2.3\n');
    expect(JSON.parse((await run('version', '-o', 'json')).out)).toMatchObject({
      kind: 'Version',
      version: '1.2.3',
    });
  });

  it('show a stack with --debug alone, and never a secret', async () => {
    const controller = new ControllerDouble();
    controller.failure = new Error(
      'broke at -----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----',
    );
    const { run } = await site(demo, { openController: () => Promise.resolve(controller) });
    const plain = await run('status');
    expect(plain.code).toBe(70);
    expect(plain.err.trim().split('\n')).toHaveLength(1);
    const debug = await run('status', '--debug');
    expect(debug.err).toContain('    at ');
    expect(plain.err + debug.err).not.toContain('abc');
  });
});
