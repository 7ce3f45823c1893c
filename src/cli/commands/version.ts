import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl version', 'syncctl version -o json'],
  run: async (call) => {
    const { version } = call.context;
    const runtime = process.version;
    const platform = `${process.platform}-${process.arch}`;
    await call.print({
      value: { apiVersion, kind: 'Version', version, runtime, platform },
      table: () => `syncctl ${version}\n`,
      wide: () => `syncctl ${version} (Node.js ${runtime}, ${platform})\n`,
    });
    return exitCodes.ok;
  },
};
