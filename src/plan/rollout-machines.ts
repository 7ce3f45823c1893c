import { splitNodeId, type NodeId } from '../model/node.ts';

/** Where a row's machine is. */
function machineOf(id: NodeId): string {
  return splitNodeId(id).address;
}

/**
 * The turn of every row: one machine may stand in several, which write to the same target. They come together, with the
 * first of them, or one would take back what the other brings.
 */
export function turnsByMachine(batches: readonly (readonly NodeId[])[]): Map<NodeId, number> {
  const first = new Map<string, number>();
  for (const [turn, batch] of batches.entries())
    for (const id of batch) if (!first.has(machineOf(id))) first.set(machineOf(id), turn);
  return new Map(
    batches.flatMap((batch, turn) =>
      batch.map((id): [NodeId, number] => [id, first.get(machineOf(id)) ?? turn]),
    ),
  );
}

/** The rows of the machines that these rows name. */
export function rowsOfMachines(ids: readonly NodeId[], all: Iterable<NodeId>): ReadonlySet<NodeId> {
  const machines = new Set(ids.map(machineOf));
  return new Set([...all].filter((id) => machines.has(machineOf(id))));
}
