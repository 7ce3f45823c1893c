import type { CommandModule } from '../catalogue.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl watch'],
  ownsSignals: () => true,
  run: async (call) => call.daemon('watch'),
};
