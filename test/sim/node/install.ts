import { receiverVersion } from '../ports/receiver-file.ts';
import type { Ended, SimNode } from './node.ts';

/** What the installation script answers on a node whose login may install. */
export function answerInstall(node: SimNode, stdin: Buffer): Ended {
  const [, line = ''] = /^(SCI1 .*)$/mu.exec(stdin.toString('latin1')) ?? [];
  const [, nonce = ''] = line.split(' ');
  if (node.receiver === 'no-sudo')
    return {
      exitCode: 1,
      stdout: Buffer.alloc(0),
      stderr: 'sudo: a password is required\n',
      truth: undefined,
    };
  node.receiver = 'there';
  const answer = {
    sc: 1,
    nonce,
    result: 'ENROLLED',
    code: 0,
    version: receiverVersion,
    previous: '',
    missing: [],
    targets: [{ kind: node.kind, written: true }],
    public_domain: '',
    facts: {},
    text: '',
  };
  return { exitCode: 0, stdout: Buffer.from(`${JSON.stringify(answer)}\n`), stderr: '', truth: undefined };
}
