import type { Command } from 'commander';
import type { Call } from './call.ts';

/** One command. Its file is loaded only when the command is named, so that `--help` stays fast. */
export interface CommandModule {
  /** Adds arguments and options. */
  configure(command: Command): void;
  /** Whole command lines that work as they stand. */
  readonly examples: readonly string[];
  /** True where the command ends by itself, in good order, when a signal comes. */
  readonly ownsSignals?: (call: Call) => boolean;
  /** @returns the exit code. */
  run(call: Call): Promise<number>;
}
