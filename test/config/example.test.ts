import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { leaves } from '../../src/config/leaves.ts';
import { loadSettings } from '../../src/config/load.ts';
import { defaultTransportSettings, type TransportSettings } from '../../src/transport/settings.ts';
import { settingsFiles } from '../tools/settings-doc.ts';
import { present } from '../tools/generated.ts';

const file = join(import.meta.dirname, '..', '..', 'deploy', 'config.example.yaml');
const around = { env: { HOME: '/home/somebody' }, uid: 1000 };

describe('the documents of the settings', () => {
  it.each(settingsFiles)(
    '$path is what the schema says (node test/tools/settings-doc.ts writes it)',
    (generated) => {
      expect(present(generated)).toBe(generated.content);
    },
  );

  it('every setting says what it means in one sentence', () => {
    expect(
      leaves()
        .filter(({ description }) => !/^\S.*[.…]$/u.test(description))
        .map(({ path }) => path.join('.')),
    ).toEqual([]);
  });
});

describe('deploy/config.example.yaml', () => {
  it('is valid and equals the defaults', async () => {
    const fromExample = await loadSettings({ ...around, file });
    const defaults = await loadSettings({
      ...around,
      env: { ...around.env, XDG_CONFIG_HOME: '/nonexistent' },
    });
    expect(fromExample.settings).toEqual(defaults.settings);
  });

  it('agrees with the limits that the transports take by themselves', async () => {
    const { settings } = await loadSettings({ ...around, file });
    const limits: TransportSettings = settings.ssh;
    expect(limits).toMatchObject(defaultTransportSettings);
  });

  it('holds every setting, each with a comment', () => {
    const text = present({ path: 'deploy/config.example.yaml', content: '' }) ?? '';
    const document = parseDocument(text);
    const absent = leaves().filter(({ path }) => !document.hasIn(path));
    expect(absent.map(({ path }) => path.join('.'))).toEqual([]);
    const lines = text.split('\n');
    const bare = lines.filter(
      (line, index) => /^\s+[\w-]+: \S/u.test(line) && !lines[index - 1]?.trim().startsWith('#'),
    );
    expect(bare).toEqual([]);
  });
});
