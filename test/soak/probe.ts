// Loaded into the daemon of the soak: on SIGUSR2 it collects garbage and writes what the process holds to $SOAK_PROBE.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env['SOAK_PROBE'];
if (file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  process.on('SIGUSR2', () => {
    collect();
    const kinds: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
    writeFileSync(`${file}.new`, JSON.stringify({ heap: process.memoryUsage().heapUsed, kinds }));
    renameSync(`${file}.new`, file);
  });
}
