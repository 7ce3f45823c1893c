import * as nodeModule from 'node:module';
import type { RootLog } from './lib/log.ts';
import type { Settings } from './config/settings.ts';

// An older runtime would fail somewhere inside, with a stack; as wrong settings do, it keeps the unit from starting again and again.
if (Number.parseInt(process.versions.node, 10) < 24) {
  const remedy = 'sudo npm install --global --prefix /usr/local node@24';
  process.stderr.write(`[✗] runtime: expected Node.js 24 or newer, got ${process.version}; ${remedy}\n`);
  process.exit(78);
}

// The bundle is minified; whoever asks for stacks wants those of the sources.
if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);

// Compiled code is kept between runs; what is to profit must load after this line.
nodeModule.enableCompileCache();
const { processContext } = await import('./cli/process-context.ts');
const { runCli } = await import('./cli/run.ts');
const { systemClock } = await import('./lib/clock.ts');

const argv = process.argv.slice(2);
const logs: RootLog[] = [];

/** Logs of a command go to stderr, because stdout is data; the daemon's go to stdout. */
async function logTo(stream: NodeJS.WriteStream, settings: Settings): Promise<RootLog> {
  const { openLog } = await import('./lib/log.ts');
  const log = openLog({ ...settings.log, stream, env: process.env, clock: systemClock });
  logs.push(log);
  return log;
}

const context = processContext({
  openSource: async (settings) => (await import('./compose/registries.ts')).openSource(settings, systemClock),
  openController: async (settings) => {
    const { openController } = await import('./compose.ts');
    // A command tells what went wrong in its report; its log is for warnings.
    const quiet =
      settings.log.level === 'info'
        ? { ...settings, log: { ...settings.log, level: 'warn' as const } }
        : settings;
    return openController(settings, (await logTo(process.stderr, quiet)).logger, `syncctl ${argv[0] ?? ''}`);
  },
  runDaemon: async (settings, run) =>
    (await import('./daemon.ts')).runDaemon(settings, await logTo(process.stdout, settings), run),
  openEnrol: async (settings) => (await import('./compose/enrol.ts')).openEnrol(settings),
  openDoctor: async (settings) => (await import('./compose/doctor.ts')).openDoctor(settings),
  attach: async (file, args, signal) => (await import('./lib/exec.ts')).attachProgram(file, args, signal),
});
process.exitCode = await runCli(argv, context);
for (const log of logs) await log.end();
