import { open } from 'node:fs/promises';
import { messageOf, SyncError } from '../lib/errors.ts';

const limitBytes = 8_192;

/**
 * The secret that a file holds, without the line end. It is read for every delivery, so that a new one needs no restart.
 * @throws SyncError with one sentence: the file is missing, empty, too long, or readable by everybody.
 */
export async function readSecret(path: string): Promise<string> {
  const place = `secret file ${path}`;
  let bytes: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size } = await file.stat();
      if ((mode & 0o007) !== 0) throw exposed(place, path, mode);
      if (size > limitBytes) throw new SyncError('config', `${place}: expected at most ${limitBytes} bytes`);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(limitBytes) });
      bytes = buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('config', `${place}: expected to be readable, got ${messageOf(error)}`);
  }
  const secret = bytes.toString('utf8').trim();
  // eslint-disable-next-line no-control-regex -- a secret with a line end would leave its header
  if (secret === '' || /[\u0000-\u001f\u007f]/u.test(secret))
    throw new SyncError(
      'config',
      `${place}: expected one line of text, got ${secret === '' ? 'none' : 'more'}`,
    );
  return secret;
}

function exposed(place: string, path: string, mode: number): SyncError {
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return new SyncError(
    'config',
    `${place}: expected a file that only its owner and group may touch, got mode ${shown}; run chmod o= ${path}`,
    { remedy: `chmod o= ${path}` },
  );
}
