import { settingsSchema } from '../../../src/config/schema.ts';
import type { Settings } from '../../../src/config/settings.ts';

/** The settings of a controller with a state directory of its own; everything else is the product's default, or drawn. */
export function settingsFor(stateDirectory: string, drawn: object): Settings {
  const written = settingsSchema.parse(drawn);
  return {
    ...written,
    // Nobody asks it there.
    api: { ...written.api, listen: 'off' },
    announce: { events: false, annotation: false },
    status: { ...written.status, writeBack: true },
    daemon: {
      ...written.daemon,
      stateDirectory,
      runtimeDirectory: '/run/sync-controller',
      socket: '/run/sync-controller/socket',
    },
  };
}
