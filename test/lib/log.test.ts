import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, type LogOptions, type RootLog } from '../../src/lib/log.ts';
import { hasColour, hasUnicode, leadsToJournal } from '../../src/lib/terminal.ts';
import { ManualClock } from '../support/manual-clock.ts';

class Lines extends Writable {
  text = '';
  slow = false;
  readonly isTTY = false;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      this.text += chunk.toString();
      done();
    };
    if (this.slow) setImmediate(take);
    else take();
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(more: Partial<LogOptions> = {}): { stream: Lines; log: RootLog } {
  const stream = new Lines();
  const log = openLog({
    level: 'info',
    format: 'pretty',
    stream,
    env: { LANG: 'C.UTF-8' },
    clock: new ManualClock(),
    ...more,
  });
  return { stream, log };
}

describe('the log', () => {
  it('writes the levels that are loud enough, in order', async () => {
    const { stream, log } = open({ level: 'success' });
    for (const level of ['trace', 'debug', 'info', 'success', 'warn', 'error'] as const)
      log.logger[level](level);
    await log.end();
    expect(stream.text.split('\n').map((line) => line.slice(0, 3))).toEqual(['[✓]', '[⚠]', '[✗]', '']);
  });

  it('becomes louder while it runs', async () => {
    const { stream, log } = open();
    log.logger.debug('before');
    log.setLevel('debug');
    log.logger.debug('after');
    await log.end();
    expect(stream.text).toMatch(/^\[DEBUG\] \S+ \S+ after\n$/u);
  });

  it('carries the fields of a child on every line', async () => {
    const { stream, log } = open();
    log.logger.child({ node: 'n1' }).child({ attempt: 2 }).info('x', { attempt: 3 });
    await log.end();
    expect(stream.text).toContain('x node=n1 attempt=3');
  });

  it('loses no line at its end, however slow the reader', async () => {
    const { stream, log } = open();
    stream.slow = true;
    for (let n = 0; n < 5_000; n += 1) log.logger.info('line', { n });
    await log.end();
    expect(stream.text.split('\n')).toHaveLength(5_001);
    expect(stream.destroyed || stream.writableEnded).toBe(false);
  });

  it('takes lines and ends after its end without failing', async () => {
    const { stream, log } = open();
    await log.end();
    log.logger.error('late');
    await log.end();
    expect(stream.text).toBe('');
  });

  it('goes silent when its reader goes away', async () => {
    const { stream, log } = open();
    log.logger.info('first');
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise((resolve) => stream.on('close', resolve));
    for (let n = 0; n < 100; n += 1) log.logger.info('nobody reads this');
    await log.end();
    expect(stream.text).toContain('first');
  });

  it('survives a closed pipe in a real process, which ends as it would have', async () => {
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, '../../src/lib', name));
    const script = `
      import { openLog } from ${source('log.ts')};
      import { systemClock } from ${source('clock.ts')};
      const log = openLog({ level: 'info', format: 'pretty', stream: process.stdout, env: {}, clock: systemClock });
      for (let n = 0; n < 20_000; n += 1) log.logger.info('line', { n });
      await log.end();
      process.stderr.write('ended');
      process.exitCode = 3;`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stderr]).toEqual([3, 'ended']);
  });

  it('chooses the journal where the stream leads into it', () => {
    const file = join(folder, 'journal');
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, '../../src/lib', name));
    const script = `
      import { openLog } from ${source('log.ts')};
      import { systemClock } from ${source('clock.ts')};
      const log = openLog({ level: 'info', format: 'auto', stream: process.stdout, env: process.env, clock: systemClock });
      log.logger.warn('hello');
      await log.end();`;
    const run = (journal: string): string => {
      const fd = openSync(file, 'w');
      const { dev, ino } = fstatSync(fd);
      const env = {
        PATH: process.env['PATH'],
        LANG: 'C.UTF-8',
        JOURNAL_STREAM: journal.replace('HERE', `${dev}:${ino}`),
      };
      execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
        stdio: ['ignore', fd, 'inherit'],
        env,
      });
      return readFileSync(file, 'utf8');
    };
    expect(run('HERE')).toBe('<4>[⚠] hello\n');
    expect(run('1:2')).toMatch(/^\[⚠\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d hello\n$/u);
  });
});

describe('what a terminal can show', () => {
  const tty = { isTTY: true, fd: 1 };
  it.each([
    [tty, {}, true],
    [{ isTTY: false }, {}, false],
    [tty, { NO_COLOR: '1' }, false],
    [tty, { NO_COLOR: '' }, true],
    [tty, { TERM: 'dumb' }, false],
    [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
    [{ isTTY: false }, { FORCE_COLOR: '0' }, false],
    [{ isTTY: false }, { CLICOLOR_FORCE: '1' }, true],
    [tty, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('colour on %j with %j is %s', (screen, env, expected) => {
    expect(hasColour(screen, env)).toBe(expected);
  });

  it.each([
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'de_DE.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{}, false],
    [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8' }, true],
  ])('more than ASCII with %j is %s', (env, expected) => {
    expect(hasUnicode(env)).toBe(expected);
  });

  it('a stream without a number leads nowhere', () => {
    expect(leadsToJournal({}, { JOURNAL_STREAM: '1:2' })).toBe(false);
    expect(leadsToJournal({ fd: 99_999 }, { JOURNAL_STREAM: '1:2' })).toBe(false);
  });
});
