import { sendInstall } from './install-exchange.ts';
import type { Installed, InstallOptions } from './install-exchange.ts';
import { loadReceiver } from './receiver-file.ts';

/**
 * Takes kinds (none named: all) out of a node, and everything of ours with the last of them.
 * The managed bytes themselves are withdrawn before, by an `apply` of length 0.
 */
export async function removeReceiver(
  options: Omit<InstallOptions, 'flags'>,
  signal: AbortSignal,
): Promise<Installed> {
  const receiver = options.receiver ?? (await loadReceiver());
  const cargo = { version: receiver.version, receiver: { ...receiver, bytes: undefined } };
  return await sendInstall({ ...options, flags: ['remove'] }, cargo, signal);
}
