import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../src/model/node.ts';
import { rowsOfMachines, turnsByMachine } from '../../src/plan/rollout-machines.ts';

const laptop = 'management_laptops@100.64.0.1' as NodeId;
const again = 'worker_nodes@100.64.0.1' as NodeId;
const other = 'worker_nodes@100.64.0.2' as NodeId;

describe('a machine that stands in two rows', () => {
  it('has its turn with the first of them, for both write to one target', () => {
    const turns = turnsByMachine([[laptop], [other], [again]]);
    expect([...turns]).toEqual([
      [laptop, 0],
      [other, 1],
      [again, 0],
    ]);
  });

  it('is touched as a whole', () => {
    expect([...rowsOfMachines([again], [laptop, again, other])]).toEqual([laptop, again]);
    expect(rowsOfMachines([], [laptop]).size).toBe(0);
  });
});
