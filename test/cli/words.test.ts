import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { ControllerDouble } from './controller-double.ts';
import { demo } from './registry-folder.ts';
import { site } from './support.ts';

describe('the words of a command line', () => {
  it('end with 64 and the nearest command where a command is not known', async () => {
    const { code, err } = await (await site()).run('pusch');
    expect(code).toBe(64);
    expect(err).toMatch(/^\[✗\] command line: expected a command, got "pusch"; did you mean push\?\n$/u);
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

  it.each([
    [['help', 'node', 'trust'], 'Usage: syncctl node trust'],
    [['node', 'help', 'trust'], 'Usage: syncctl node trust'],
    [['help', 'node'], 'Usage: syncctl node [options] [command]'],
    [['node', 'help'], 'Usage: syncctl node [options] [command]'],
    [['help', 'push'], 'Usage: syncctl push'],
    [['--debug', 'help'], 'Usage: syncctl [options] [command]'],
  ])('ask for help by the word help, as in %j', async (words, start) => {
    const { code, out, err } = await (await site()).run(...words);
    expect([code, err]).toEqual([0, '']);
    expect(out.slice(0, start.length)).toBe(start);
  });

  it.each([
    [['help', 'pusch'], 'expected a command, got "pusch"; did you mean push?'],
    [
      ['help', 'term', 'tale'],
      'expected one of show, take after syncctl term, got "tale"; did you mean take?',
    ],
    [['term'], 'expected one of show, take after syncctl term, got nothing; syncctl help term'],
    [['push', '--now'], 'expected an option of syncctl push, got "--now"; syncctl help push'],
    [
      ['node', 'add', '1.2.3.4'],
      'expected --type <type> after syncctl node add, got nothing; syncctl help node add',
    ],
    [
      ['node', 'add', '1.2.3.4', '--type'],
      'expected <type> after --type, got nothing; syncctl help node add',
    ],
    [['render'], 'expected <node> after syncctl render, got nothing; syncctl help render'],
    [['watch', '1'], 'expected nothing more after syncctl watch, got "1"; syncctl help watch'],
    [['daemon', '1', '2'], 'expected at most 1 word after syncctl daemon, got "1, 2"; syncctl help daemon'],
  ])('are refused in one sentence with place, expectation, value and remedy: %j', async (words, sentence) => {
    expect(await (await site()).run(...words)).toEqual({
      code: 64,
      out: '',
      err: `[✗] command line: ${sentence}\n`,
    });
  });

  it('name one source of the registries, and never an empty one', async () => {
    const { run } = await site(demo);
    for (const [words, place] of [
      [['--kubeconfig', '/x'], '--registry'],
      [['--context', 'x'], '--registry'],
      [['--registry', ''], '--registry'],
      [['--namespace', 'Bad Name'], '--namespace'],
      [['--config', ''], '--config'],
    ] as const) {
      const { code, out, err } = await run('validate', ...words);
      expect([code, out]).toEqual([64, '']);
      expect(err).toMatch(
        new RegExp(String.raw`^\[✗\] ${place}: expected [^\n]+, got [^\n]+; [^\n]+\n$`, 'u'),
      );
    }
  });

  it('name a settings file that exists, or nothing at all is done, whatever the command', async () => {
    const { run, context } = await site();
    const program = await buildProgram([], context, () => undefined, true);
    for (const { path } of catalogue.filter(({ hidden }) => hidden !== true)) {
      const found = path.reduce(
        (group, name) => group.commands.find((child) => child.name() === name) ?? group,
        program,
      );
      const words = [
        ...path,
        ...found.registeredArguments.filter(({ required }) => required).map(() => 'x'),
        ...found.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', 'x']),
      ];
      expect(await run(...words, '--config', '/nonexistent.yaml')).toEqual({
        code: 78,
        out: '',
        err: '[✗] --config: expected an existing file, got "/nonexistent.yaml"; copy deploy/config.example.yaml there\n',
      });
    }
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
