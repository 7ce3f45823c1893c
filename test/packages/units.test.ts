// Every unit that we hand out, as a clean Debian's own systemd judges it.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './deb.ts';
import { debianAvailable, startDebian, type Debian } from './debian.ts';

const possible = debianAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const units = ['deploy', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:service|socket|timer|path)$/u.test(name))
    .map((name) => join(folder, name)),
);
/** Ten times the exposure that `systemd-analyze security` gives at most: 2.5 of 10, well within what it calls OK. */
const threshold = 25;
/** Those of the controller; what a node runs writes wherever its targets are. */
const guarded = units.filter((unit) => /^deploy\/.*\.service$/u.test(unit));

describe.skipIf(!possible.available)(`the units that we hand out${reason}`, () => {
  let machine: Debian;
  beforeAll(async () => {
    machine = await startDebian('still');
    for (const unit of units) {
      const text = readFileSync(join(root, unit), 'utf8');
      machine.write(`/etc/systemd/system/${basename(unit)}`, text);
      // What a unit starts has to be there; what it is plays no part here.
      for (const [, program = ''] of text.matchAll(/^Exec\w+=[-@:+!]*(\/\S+)/gmu))
        if (!machine.has(program)) machine.write(program, '#!/bin/sh\n', 0o755);
    }
  }, 900_000);
  afterAll(() => machine.stop());

  it.each(units)('%s is understood without a remark', async (unit) => {
    const ran = await machine.run('systemd-analyze', 'verify', '--man=no', basename(unit));
    expect([ran.code, ran.stdout + ran.stderr]).toEqual([0, '']);
  });

  it.each(guarded)('%s is exposed by no more than 2.5 of 10', async (unit) => {
    const path = `/etc/systemd/system/${basename(unit)}`;
    const words = ['security', '--offline=true', `--threshold=${String(threshold)}`, '--no-pager', path];
    const ran = await machine.run('systemd-analyze', ...words);
    expect([ran.code, ran.stderr, ran.stdout]).toEqual([
      0,
      '',
      expect.stringMatching(/Overall exposure level .* OK/u),
    ]);
  });
});
