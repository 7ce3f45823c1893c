import { sendInstall } from './install-exchange.ts';
import type { Installed, InstallOptions } from './install-exchange.ts';
import { loadReceiver } from './receiver-file.ts';

export type { Installed, InstallOptions } from './install-exchange.ts';

/** Installs or upgrades the receiver and writes the target descriptions that are not there. Never goes down in version. */
export async function installReceiver(options: InstallOptions, signal: AbortSignal): Promise<Installed> {
  const receiver = options.receiver ?? (await loadReceiver());
  const first = await sendInstall(options, { version: receiver.version, receiver }, signal);
  // A newer controller was here: its receiver speaks our wire too, only the targets may be missing.
  if (first.ok || first.lower === undefined) return first;
  return await sendInstall(
    options,
    { version: first.lower, receiver: { ...receiver, bytes: undefined } },
    signal,
  );
}
