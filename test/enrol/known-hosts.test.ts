import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keysFromKnownHosts, parseFound } from '../../src/enrol/known-hosts.ts';
import { knownKeys } from '../../src/enrol/trust.ts';
import { fingerprintOf } from '../../src/transport/host-keys.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { mustRun, runProgram } from '../fleet/process.ts';

describe('known_hosts', () => {
  let folder: string;
  let file: string;
  const key = ed25519Key('node').publicLine.split(' ').slice(0, 2).join(' ');
  const other = ed25519Key('other').publicLine.split(' ').slice(0, 2).join(' ');
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'known-'));
    file = join(folder, 'known_hosts');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const look = (address: string, port = 22): ReturnType<typeof keysFromKnownHosts> =>
    keysFromKnownHosts({ address, port }, [file]);

  it.each([
    ['a plain address', '100.64.0.1', '100.64.0.1', 22],
    ['one of several names', 'vps,100.64.0.1,vps.example', '100.64.0.1', 22],
    ['a port of its own', '[100.64.0.1]:2222', '100.64.0.1', 2222],
    ['a pattern', '100.64.0.*', '100.64.0.1', 22],
    ['an IPv6 address', 'fd00::1', 'fd00::1', 22],
    ['an IPv6 address with a port', '[fd00::1]:2222', 'fd00::1', 2222],
  ])('finds the key of %s', async (_what, names, address, port) => {
    await writeFile(file, `${names} ${key} a comment\n`);
    expect(await look(address, port)).toEqual({ keys: [key], revoked: [], authorities: [] });
  });

  it('finds hashed entries, as ssh writes them', async () => {
    await writeFile(file, `100.64.0.1 ${key}\n[100.64.0.1]:2222 ${other}\n`);
    await mustRun(['ssh-keygen', '-H', '-f', file]);
    expect((await look('100.64.0.1')).keys).toEqual([key]);
    expect((await look('100.64.0.1', 2222)).keys).toEqual([other]);
  });

  it.each([
    ['another host', '100.64.0.2', 22],
    ['another port', '100.64.0.1', 2222],
  ])('finds nothing of %s', async (_what, address, port) => {
    await writeFile(file, `100.64.0.1 ${key}\n`);
    expect((await look(address, port)).keys).toEqual([]);
  });

  it('finds nothing in a file that does not exist, and everything in the others', async () => {
    await writeFile(file, `100.64.0.1 ${key}\n`);
    const host = { address: '100.64.0.1', port: 22 };
    expect((await keysFromKnownHosts(host, [join(folder, 'none'), file])).keys).toEqual([key]);
  });

  it('takes a revoked key out, also where another line names it plainly', async () => {
    await writeFile(file, `100.64.0.1 ${key}\n@revoked * ${key}\n100.64.0.1 ${other}\n`);
    expect(await look('100.64.0.1')).toEqual({ keys: [other], revoked: [key], authorities: [] });
  });

  it('reports an authority and does not pin it', async () => {
    await writeFile(file, `@cert-authority 100.64.0.1 ${key}\n`);
    expect(await look('100.64.0.1')).toEqual({ keys: [], revoked: [], authorities: [key] });
  });

  it('passes over lines whose key contradicts its type', () => {
    expect(
      parseFound(`host ssh-rsa ${key.split(' ')[1] ?? ''}\nhost ssh-ed25519 %%%\n# comment\n\n`),
    ).toEqual([]);
  });

  it.each(['-f', '-oProxyCommand=id', 'a b', '', '$(id)'])(
    'refuses the address %j before any program runs',
    async (address) => {
      await expect(look(address)).rejects.toThrow(/expected an IP address or host name/u);
    },
  );

  it("puts the admin's file before the predecessor's and says where each key came from", async () => {
    const legacy = join(folder, 'legacy');
    await writeFile(file, `100.64.0.1 ${key}\n@revoked 100.64.0.1 ${ed25519Key('x').publicLine}\n`);
    await writeFile(legacy, `100.64.0.1 ${other}\n100.64.0.1 ${key}\n`);
    const found = await knownKeys({ address: '100.64.0.1', port: 22 }, { own: [file], legacy: [legacy] });
    expect(found.keys).toEqual([
      { key, fingerprint: fingerprintOf(key), source: 'known_hosts' },
      { key: other, fingerprint: fingerprintOf(other), source: 'legacy' },
    ]);
    expect(found.notes).toHaveLength(1);
    expect(found.notes[0]).toContain('@revoked');
  });

  it("never takes a key of the predecessor's that the admin has revoked", async () => {
    const legacy = join(folder, 'legacy');
    await writeFile(file, `@revoked * ${key}\n`);
    await writeFile(legacy, `100.64.0.1 ${key}\n`);
    expect(
      (await knownKeys({ address: '100.64.0.1', port: 22 }, { own: [file], legacy: [legacy] })).keys,
    ).toEqual([]);
  });

  it('shows the fingerprint that ssh-keygen -lf shows', async () => {
    await appendFile(file, `${key}\n`);
    const shown = await runProgram(['ssh-keygen', '-lf', file]);
    expect(shown.stdout).toContain(` ${fingerprintOf(key)} `);
  });
});
