import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { execProgram } from '../../src/lib/exec.ts';
import { until } from '../fleet/process.ts';

const options = { deadlineMs: 20_000 };

/** True while a process of that id runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a program', () => {
  it('gets its words without a shell between, and its input', async () => {
    const words = [
      '-e',
      'process.stdout.write(JSON.stringify(process.argv.slice(1))); process.stdin.pipe(process.stderr)',
    ];
    const ended = await execProgram(process.execPath, [...words, '$(id)', 'a b', "'"], {
      ...options,
      stdin: 'body\0',
    });
    expect(JSON.parse(ended.stdout.toString())).toEqual(['$(id)', 'a b', "'"]);
    expect(ended.stderr.toString()).toBe('body\0');
    expect(ended).toMatchObject({ code: 0, signal: undefined });
  });

  it('tells its exit code or the signal that killed it', async () => {
    expect(await execProgram('sh', ['-c', 'exit 3'], options)).toMatchObject({ code: 3, signal: undefined });
    expect(await execProgram('sh', ['-c', 'kill -TERM $$'], options)).toMatchObject({
      code: undefined,
      signal: 'SIGTERM',
    });
  });

  it('may end without reading its input', async () => {
    expect((await execProgram('true', [], { ...options, stdin: Buffer.alloc(4_000_000) })).code).toBe(0);
  });

  it('that cannot be started is named', async () => {
    await expect(execProgram('/no/such/program', [], options)).rejects.toThrow(
      '/no/such/program: cannot be started',
    );
  });

  it('that runs too long is killed with everything it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'exec-'));
    const file = join(folder, 'pid');
    const slow = execProgram('sh', ['-c', `sleep 300 & echo $! > ${file}; wait`], { deadlineMs: 500 });
    await expect(slow).rejects.toThrow('expected an end within 500 ms');
    const pid = Number(await readFile(file, 'utf8'));
    await until('the child of the program is gone', () => !runs(pid));
    await rm(folder, { recursive: true });
  });

  it('that says too much is killed', async () => {
    const loud = execProgram('sh', ['-c', 'yes'], { ...options, maxOutputBytes: 1_000 });
    await expect(loud).rejects.toThrow('expected at most 1000 bytes of output');
  });

  it("ends with the caller's reason", async () => {
    const reason = new Error('given up');
    await expect(
      execProgram('sleep', ['300'], { ...options, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    const controller = new AbortController();
    const running = execProgram('sleep', ['300'], { ...options, signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});
