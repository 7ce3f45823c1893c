// node:os of the machine on which the running process lives.
import { running } from '../kernel/process.ts';

export const hostname = (): string => running()?.machine.name ?? 'nowhere';
export const homedir = (): string => '/root';
export const tmpdir = (): string => '/tmp';
export const userInfo = () => ({ username: 'root', uid: 0, gid: 0, homedir: '/root', shell: '/bin/sh' });
export const availableParallelism = (): number => 2;
export const networkInterfaces = () => ({ eth0: [{ address: '10.0.0.2', internal: false }] });
