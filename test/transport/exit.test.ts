import { describe, expect, it } from 'vitest';
import { classifyExit } from '../../src/transport/exit.ts';
import { resultCodes } from '../../src/wire/results.ts';

const ended = (
  exitCode: number | undefined,
  stderr = '',
  stdout = '',
): Parameters<typeof classifyExit>[0] => ({
  exitCode,
  signal: undefined,
  stderr,
  stdout: Buffer.from(stdout),
});
const receive = '/usr/local/lib/sync-controller/receive';

describe('an exit', () => {
  it('with a code of the receiver is left to its receipt', () => {
    for (const code of Object.values(resultCodes)) expect(classifyExit(ended(code))).toBeUndefined();
  });

  it.each([
    [127, `bash: line 1: ${receive}: No such file or directory`, 'receiver_missing'],
    [127, `sh: 1: ${receive}: not found`, 'receiver_missing'],
    [127, 'bash: line 1: sudo: command not found', 'sudo'],
    [127, 'sh: 1: sudo: not found', 'sudo'],
    [126, `bash: ${receive}: Permission denied`, 'receiver_missing'],
    [126, `bash: ${receive}: /bin/bash: bad interpreter: No such file or directory`, 'requirements'],
    [1, `sudo: ${receive}: command not found`, 'receiver_missing'],
    [1, `sudo: ${receive}: Befehl nicht gefunden`, 'receiver_missing'],
    [1, 'sudo: a password is required', 'sudo'],
    [1, 'sudo: Ein Passwort ist notwendig', 'sudo'],
    [1, 'sudo: sorry, you must have a tty to run sudo', 'sudo'],
    [1, 'node is not in the sudoers file.  This incident will be reported.', 'sudo'],
    [1, 'Sorry, user node is not allowed to execute this as root on vps.', 'sudo'],
    [1, 'sudo: unable to resolve host vps: Name or service not known', 'no_receipt'],
    [1, '', 'no_receipt'],
    [2, 'bash: syntax error', 'no_receipt'],
    [255, '', 'no_receipt'],
    [undefined, '', 'no_receipt'],
  ] as const)('%s with %j is %s', (code, stderr, cause) => {
    expect(classifyExit(ended(code, stderr))?.cause).toBe(cause);
  });

  it('tells what was said, on whichever stream, in at most 200 bytes', () => {
    const nologin = classifyExit(ended(1, '', 'This account is currently not available.\n'));
    expect(nologin?.evidence).toBe('exit 1: This account is currently not available.');
    expect(Buffer.byteLength(classifyExit(ended(1, 'ü'.repeat(4_000)))?.evidence ?? '')).toBeLessThanOrEqual(
      200,
    );
    expect(classifyExit({ ...ended(undefined), signal: 'SIGKILL' })?.evidence).toBe('SIGKILL');
  });
});
