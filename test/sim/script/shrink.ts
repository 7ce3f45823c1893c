import { play, type Verdict } from '../run.ts';
import { drawScript, type Script } from './action.ts';

// Each try is a whole run; what is left after these is short enough to be read.
const tries = 120;

/** A shorter script of the same seed that breaks the same promise: actions and probes are left out as long as it still does. */
export async function shrunk(seed: number, { broken }: Verdict): Promise<Script> {
  let script = drawScript(seed);
  const budget = { left: tries };
  const take = async (candidate: Script): Promise<boolean> => {
    if (budget.left === 0) return false;
    budget.left -= 1;
    if ((await play(candidate)).broken?.invariant !== broken?.invariant) return false;
    script = candidate;
    return true;
  };
  await take({ ...script, probes: [] });
  for (
    let size = Math.ceil(script.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  )
    for (let at = 0; at < script.actions.length;) {
      const actions = [...script.actions.slice(0, at), ...script.actions.slice(at + size)];
      if (!(await take({ ...script, actions }))) at += size;
    }
  for (const probe of script.probes)
    await take({ ...script, probes: script.probes.filter((each) => each !== probe) });
  return script;
}
