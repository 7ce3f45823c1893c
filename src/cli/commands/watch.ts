import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl watch'],
  ownsSignals: () => true,
  run: async (call) => call.daemon('watch'),
};
