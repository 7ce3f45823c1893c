import { rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { FleetNode, SudoFault } from './types.ts';

/** The rules of /etc/sudoers.d/fleet for each state of the node's sudo. */
export function sudoRules(user: string, fault?: SudoFault): string {
  if (fault === 'password') return `${user} ALL=(ALL:ALL) ALL\n`;
  const tty = fault === 'requiretty' ? `Defaults:${user} requiretty\n` : '';
  return `${tty}${user} ALL=(ALL:ALL) NOPASSWD: ALL\n`;
}

/** The ways in which sudo fails in the field: a password, a terminal, or no sudo at all. */
export function sudoVerbs(machine: Machine): Pick<FleetNode, 'breakSudo' | 'restoreSudo'> {
  const rules = (): string => join(machine.rootDir, 'etc/sudoers.d/fleet');
  const program = (): string => join(machine.rootDir, 'usr/bin/sudo');
  const aside = (): string => `${program()}.aside`;
  const write = async (text: string): Promise<void> => {
    // sudo refuses a rules file that others may write; mode counts only for a new file.
    await rm(rules(), { force: true });
    await writeFile(rules(), text, { mode: 0o440 });
  };
  return {
    async breakSudo(how) {
      if (how === 'missing') await rename(program(), aside());
      else await write(sudoRules(machine.user, how));
    },
    async restoreSudo() {
      if (existsSync(aside())) await rename(aside(), program());
      await write(sudoRules(machine.user));
    },
  };
}
