// node:crypto with the dice of the running process.
import { createHash as hash } from 'node:crypto';
import { mustRun } from '../kernel/process.ts';

export const createHash = hash;
export const randomBytes = (count: number): Buffer => Buffer.from(mustRun().dice.hex(count), 'hex');
export const randomUUID = (): string => mustRun().dice.hex(16);
