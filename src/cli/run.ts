import type { Command } from 'commander';
import { exitCodes } from '../lib/errors.ts';
import type { CliContext } from './context.ts';
import { asksForRootHelp, rootHelp } from './help.ts';
import { withoutHelpWord } from './help-words.ts';
import type { Chosen } from './program.ts';

/** 128 plus the number of SIGINT, what a shell expects of a command that was stopped. */
const interrupted = 130;

/** Runs one command line, without the names of runtime and script. Never rejects and never ends the process. @returns the exit code. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  if (asksForRootHelp(words)) {
    context.stdout.write(rootHelp());
    return exitCodes.ok;
  }
  // Who types the name alone wants to know what there is; a script that does has made a mistake.
  if (words.length === 0) context.stderr.write(`${rootHelp()}\n`);
  const argv = withoutHelpWord(words);
  const look = { debug: argv.includes('--debug'), noColor: argv.includes('--no-color') };
  let chosen: Chosen | undefined;
  try {
    const { buildProgram } = await import('./program.ts');
    const program = await buildProgram(argv, context, (choice) => {
      chosen = choice;
    });
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const usage = (await import('./usage.ts')).usageOf(error, argv);
    if (usage === 'done') return exitCodes.ok;
    return (await telling())(usage ?? error, context, look);
  }
  return chosen === undefined ? exitCodes.ok : runChosen(chosen, context, look);
}

async function runChosen(
  chosen: Chosen,
  context: CliContext,
  look: { debug: boolean; noColor: boolean },
): Promise<number> {
  const { command } = chosen;
  const [{ Call }, tellFailure] = await Promise.all([import('./call.ts'), telling()]);
  const tree = async (): Promise<Command> =>
    (await import('./program.ts')).buildProgram([], context, () => undefined, true);
  const call = new Call(context, { ...chosen, tree });
  // `context.signal` takes the signals of the process over when it is first read: not where the command does that itself.
  const owned = command.ownsSignals?.(call) === true;
  const run = async (): Promise<number> => {
    await call.check();
    return command.run(call);
  };
  try {
    return await (owned ? run() : Promise.race([run(), stopped(context.signal)]));
  } catch (error) {
    // What fails because of Ctrl-C needs no sentence of its own.
    if (!owned && context.signal.aborted) return interrupted;
    return tellFailure(error, context, look);
  } finally {
    await call.close().catch((error: unknown) => tellFailure(error, context, look));
  }
}

/** What prints failures: help does without it. */
async function telling(): Promise<typeof import('./failure.ts').tellFailure> {
  return (await import('./failure.ts')).tellFailure;
}

/** A command that does not look at the signal ends with it all the same; one that does has the first word. */
async function stopped(signal: AbortSignal): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const later = (): void => void setTimeout(() => resolve(interrupted), 50).unref();
  if (signal.aborted) later();
  else signal.addEventListener('abort', later, { once: true });
  return promise;
}
