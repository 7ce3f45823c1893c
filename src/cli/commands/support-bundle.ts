import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { mustBeNew, packFolder } from '../../lib/archive.ts';
import { exitCodes, messageOf, SyncError } from '../../lib/errors.ts';
import { maskText, maskValue } from '../../lib/mask.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { parts } from '../support/parts.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (bundle) => {
    bundle
      .argument('<file>', 'a new file, such as support.tar.gz')
      .addHelpText(
        'after',
        '\nVersions, settings, health, findings, the last 200 revisions and outcomes, and the log where systemd keeps it. Names and addresses of nodes are in it; keys, tokens and passwords are taken out. Look through it before you pass it on.',
      );
  },
  examples: ['syncctl support-bundle /tmp/support.tar.gz'],
  run: async (call) => {
    const file = resolve(call.context.cwd, call.need(0));
    mustBeNew(file);
    const folder = begin(file);
    try {
      const { gathered, missing } = await gather(call, folder);
      const bytes = await packFolder(folder, file);
      await call.print({
        value: { apiVersion, kind: 'SupportBundle', file, bytes, parts: gathered, missing },
        table: () => '',
      });
      for (const { part, reason } of missing) call.note('warn', `${part} is not in it: ${reason}`);
      call.note(
        'success',
        `${counted(gathered.length, 'part')} in ${file}; look through it before you pass it on`,
      );
      return exitCodes.ok;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Gathered {
  readonly gathered: readonly string[];
  readonly missing: readonly { readonly part: string; readonly reason: string }[];
}

async function gather(call: Call, folder: string): Promise<Gathered> {
  const gathered: string[] = [];
  const missing: { part: string; reason: string }[] = [];
  for (const { name, gather: get } of parts) {
    try {
      const value = await get(call);
      const text =
        typeof value === 'string' ? maskText(value) : `${JSON.stringify(maskValue(value), undefined, 2)}\n`;
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      gathered.push(name);
    } catch (error) {
      call.context.signal.throwIfAborted();
      missing.push({ part: name, reason: maskText(messageOf(error)) });
    }
  }
  writeFileSync(join(folder, 'missing.json'), `${JSON.stringify(missing, undefined, 2)}\n`, { mode: 0o600 });
  return { gathered, missing };
}

function begin(file: string): string {
  try {
    return mkdtempSync(join(dirname(file), '.syncctl-'));
  } catch (error) {
    throw new SyncError('permission', `${dirname(file)}: expected a folder that can be written, got none`, {
      remedy: 'give a file in a folder that exists and that you may write',
      cause: error,
    });
  }
}
