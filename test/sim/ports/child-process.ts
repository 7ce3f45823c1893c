// node:child_process: in the simulator nothing may ever start a program, least of all a shell.
import { Violation, theWorld } from '../kernel/world.ts';

function refuse(what: string): never {
  const violation = new Violation('I12', `the controller tried to start a program by ${what}`);
  theWorld().fail(violation);
  throw violation;
}

export const spawn = (): never => refuse('spawn');
export const spawnSync = (): never => refuse('spawnSync');
export const exec = (): never => refuse('exec');
export const execFile = (): never => refuse('execFile');
export const execFileSync = (): never => refuse('execFileSync');
export const fork = (): never => refuse('fork');
