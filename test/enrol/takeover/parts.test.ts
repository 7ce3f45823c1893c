import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settingsText, withObserveOnly, withoutObserveOnly } from '../../../src/enrol/setup/settings-text.ts';
import { rbacText } from '../../../src/enrol/setup/rbac.ts';
import { findCheckouts } from '../../../src/enrol/takeover/checkouts.ts';
import { parseConfigEnv } from '../../../src/enrol/takeover/config-env.ts';
import { keptPath, replaceEntry, restoreEntry } from '../../../src/enrol/takeover/entry-points.ts';
import { AdoptionJournal } from '../../../src/enrol/takeover/journal.ts';
import { mergedHosts } from '../../../src/enrol/takeover/node-steps.ts';
import { encodeTakeover } from '../../../src/enrol/takeover/node-wire.ts';
import { defaultNames } from '../../../src/registry/source.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'takeover-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

describe('the state of observing', () => {
  it.each([
    '',
    'log:\n  level: debug\n',
    '# mine\nsource: {kind: kubernetes}\n',
    'observeOnly: false\nlog: {}\n',
  ])('goes in and out of settings and leaves every other byte: %j', (text) => {
    const observing = withObserveOnly(text);
    expect(observing).toMatch(/^observeOnly: true$/mu);
    expect(withObserveOnly(observing)).toBe(observing);
    expect(withoutObserveOnly(observing)).toBe(text.replace('observeOnly: false\n', ''));
  });

  it('stands in the first settings of an observer', () => {
    const source = { kind: 'directory', directory: '/srv/a "b"' } as const;
    const text = settingsText({ source, observeOnly: true, identity: ['/root/.ssh/id_rsa'] });
    expect(text).toContain('observeOnly: true\n');
    expect(text).toContain(String.raw`directory: "/srv/a \"b\""`);
  });
});

describe('the manifest of rights', () => {
  it('carries the names of the settings and keeps the account', async () => {
    const names = { ...defaultNames, 'cluster-info': 'home-info' };
    const text = await rbacText({ namespace: 'sync', names, ownPrefix: 'ours' });
    expect(text).toContain('      - home-info\n');
    expect(text).toContain('      - ours-status-0\n');
    expect(text).toContain('      - sync-controller-term\n');
    expect(text).not.toContain('namespace: kube-system');
    expect(text).toContain('name: sync-controller\n');
  });
});

describe('the predecessor’s settings', () => {
  it('are parsed and never run', () => {
    const text = 'A=1\nexport CLUSTER_DOMAIN="home"\nB=$(reboot)\nC="x`id`"\nD=\'it is\'\n; rm -rf /\n';
    expect(Object.fromEntries(parseConfigEnv(text))).toEqual({ A: '1', CLUSTER_DOMAIN: 'home', D: 'it is' });
  });
});

describe('an entry point', () => {
  it('calls ours and comes back with its mode, also after a pull has brought a newer one', async () => {
    const checkout = await folder();
    const path = join(checkout, 'scripts/lib/sync-controller.sh');
    await mkdir(join(checkout, 'scripts/lib'), { recursive: true });
    await writeFile(path, '#!/bin/bash\necho one\n');
    await chmod(path, 0o751);
    const [found] = await findCheckouts([checkout, checkout, '/nowhere']);
    const [entry] = found?.entries ?? [];
    if (entry === undefined) throw new Error('no entry point');
    await replaceEntry(entry);
    expect((await stat(path)).mode & 0o777).toBe(0o751);
    await writeFile(path, '#!/bin/bash\necho two\n');
    await replaceEntry(entry);
    await replaceEntry(entry);
    expect(await readFile(keptPath(path), 'utf8')).toContain('two');
    expect(await restoreEntry(path)).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('#!/bin/bash\necho two\n');
    expect((await stat(path)).mode & 0o777).toBe(0o751);
    expect(await restoreEntry(path)).toBe(true);
  });

  it('that somebody has written since stays', async () => {
    const path = join(await folder(), 'x.sh');
    await writeFile(path, '#!/bin/bash\nnew\n');
    await writeFile(keptPath(path), 'old\n');
    expect(await restoreEntry(path)).toBe(false);
    expect(await readFile(path, 'utf8')).toContain('new');
  });
});

describe('the journal of an adoption', () => {
  const deed = (before: unknown) => ({ id: 'x', what: 'x', undo: 'y', before });

  it('keeps what stood there before a step began the first time', async () => {
    const state = await folder();
    const journal = await AdoptionJournal.open(state);
    await journal.start('now', 'ada');
    await journal.begin(deed('first'));
    const again = await AdoptionJournal.open(state);
    expect((await again.begin(deed('second'))).before).toBe('first');
    await again.mark('x', 'undone');
    expect((await again.begin(deed('third'))).before).toBe('third');
    expect((await AdoptionJournal.open(state)).of('x')).toMatchObject({ state: 'begun', before: 'third' });
  });

  it('is never guessed where it is damaged', async () => {
    const state = await folder();
    await writeFile(join(state, 'adoption.json'), '{"version":1');
    await expect(AdoptionJournal.open(state)).rejects.toThrow(/adoption\.json: expected the journal/u);
  });
});

describe('a hosts file that comes back', () => {
  const before = '127.0.0.1 localhost\n\n# MyNodeOne Services - Auto-synced\n1.1.1.1\ta.c.local\n\n::1 x\n';
  const ours = '# BEGIN sync-controller sc-01234567\n1.1.1.2\ta.c.local\n# END sync-controller sc-01234567\n';

  it.each([
    [`127.0.0.1 localhost\n${ours}::1 x\n`, before],
    [before, before],
    ['127.0.0.1 localhost\n::1 x\n', before],
    [`127.0.0.1 localhost\n${ours}::1 x\n10.0.0.9 printer\n`, `${before}10.0.0.9 printer\n`],
  ])('is the one of before, and keeps what somebody has added since: %j', (now, wanted) => {
    expect(mergedHosts(before, now)).toBe(wanted);
  });
});

describe('what travels to a node', () => {
  const script = Buffer.from('x\n');

  it('never holds a path that a shell would read as something else', () => {
    const text = encodeTakeover(script, 'a'.repeat(16), {
      action: 'disarm',
      login: 'x; reboot',
      checkouts: ['/srv/ok', "/srv/'; reboot", '$(id)', '~/code', '/a/../etc'],
    }).toString();
    const tokens = text.split('\n')[2]?.split(' ') ?? [];
    expect(tokens[3]).toBe('-');
    expect(tokens[5]?.split(',').map((word) => Buffer.from(word, 'base64').toString())).toEqual([
      '/srv/ok',
      '~/code',
    ]);
  });
});
