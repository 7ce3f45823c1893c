// Writes docs/first-node.md: a terminal run from nothing to the first verified node. Needs root, namespaces and a built dist/.
import { writeFileSync } from 'node:fs';
import { firstNodePage } from '../e2e/first-node-page.ts';
import { runFirstNode } from '../e2e/first-node-run.ts';

const run = await runFirstNode();
if (run.commands.length > 3 || run.seconds > 60)
  throw new Error(`three commands in 60 s are promised, this took ${run.seconds.toFixed(0)} s`);
writeFileSync(new URL('../../docs/first-node.md', import.meta.url), firstNodePage(run.transcript));
console.log(`docs/first-node.md: ${String(run.commands.length)} commands in ${run.seconds.toFixed(1)} s`);
