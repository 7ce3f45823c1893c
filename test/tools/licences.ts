import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The licences of the packages that a bundle was made of: what they ask to be handed on with it. */
export async function licencesOf(root: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/u.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const parts = await Promise.all([...folders].sort().map((folder) => licenceOf(join(root, folder))));
  return `Libraries in the bundle, with their licences.\n\n${parts.join('\n')}`;
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const file = (await readdir(folder)).sort().find((each) => /^(?:licen[cs]e|copying)/iu.test(each));
  const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
  return `${'='.repeat(72)}\n${name} ${version} (${license ?? 'see below'})\n${text}`;
}
