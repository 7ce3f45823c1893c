import { descendants, signal, statusOf } from './machine.ts';
import type { Machine } from './machine.ts';
import { until } from './process.ts';
import type { FleetNode, FreezeScope } from './types.ts';

function frozen(pid: number): boolean {
  const state = statusOf(pid, 'State');
  return state === undefined || /^[TtZX]/.test(state);
}

function scopeOf(machine: Machine, what: FreezeScope): readonly number[] {
  const listener = machine.listener();
  if (what === 'sessions') return listener === undefined ? [] : descendants(listener);
  // The listener first, so that nothing new appears while the rest is being stopped.
  const others = machine.processes().filter((pid) => pid !== listener);
  return listener === undefined ? others : [listener, ...others];
}

/** A machine that hangs: the kernel still accepts connections, no process answers. */
export function processVerbs(machine: Machine): Pick<FleetNode, 'freeze' | 'thaw'> {
  return {
    // Again and again, because a process may have started another one before it stopped.
    freeze: (what = 'all') =>
      until(`${machine.name} stands still`, () => {
        const running = scopeOf(machine, what).filter((pid) => !frozen(pid));
        for (const pid of running) signal(pid, 'SIGSTOP');
        return running.length === 0;
      }),
    thaw() {
      for (const pid of machine.processes()) signal(pid, 'SIGCONT');
      return Promise.resolve();
    },
  };
}
