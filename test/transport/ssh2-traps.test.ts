import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerChannel } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { mustRun, until } from '../fleet/process.ts';
import { ask, failureOf, fleetRig, pinsOf, run } from './rig.ts';
import type { FleetRig, MakeTransport } from './rig.ts';
import { scriptedHostKey, sshServer } from './scripted-server.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available ? 'traps of ssh2' : `traps of ssh2 (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  let rig: FleetRig;
  let folder: string;
  let transports: Transport[] = [];
  beforeAll(async () => {
    rig = await fleetRig((settings) => createSsh2Transport({ settings }), 2);
    folder = await mkdtemp(join(tmpdir(), 'traps-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await rig.stop();
  });
  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    transports = [];
  });
  const make: MakeTransport = (settings) => {
    const transport = rig.make(settings);
    transports.push(transport);
    return transport;
  };
  const keyFile = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };

  describe('private keys', () => {
    it('that others may read are refused with the remedy', async () => {
      const file = await keyFile('open', readFileSync(rig.fleet.clientKey, 'utf8'), 0o644);
      const failure = await failureOf(run(make({}), { ...rig.endpoint, identities: [file] }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'key_unusable', reached: false });
      expect(failure.message).toContain(`chmod 600 ${file}`);
    });

    it('with a passphrase are refused before any connection, and no exception escapes', async () => {
      const file = join(folder, 'encrypted');
      await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', 'secret phrase', '-f', file]);
      const failure = await failureOf(run(make({}), { ...rig.endpoint, identities: [file] }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'key_unusable', reached: false });
      expect(failure.message).toContain('encrypted key');
      expect(failure.message).not.toContain('secret');
    });

    it('that are no keys are refused, without a byte of them in the message', async () => {
      const file = await keyFile('nonsense', 'not a key, but a secret all the same\n');
      const failure = await failureOf(run(make({}), { ...rig.endpoint, identities: [file] }, ask('exit 0')));
      expect(failure).toMatchObject({ causeClass: 'key_unusable', reached: false });
      expect(failure.message).not.toContain('secret');
    });

    it('that cannot be used are passed over where another one works', async () => {
      const file = await keyFile('nonsense', 'not a key\n');
      const identities = [file, rig.fleet.clientKey];
      expect((await run(make({}), { ...rig.endpoint, identities }, ask('exit 0'))).exitCode).toBe(0);
    });

    it('that cannot be used are the reason given when the others are refused', async () => {
      const file = await keyFile('nonsense', 'not a key\n');
      const stranger = await keyFile('stranger', ed25519Key('stranger').privateFile);
      const failure = await failureOf(
        run(make({}), { ...rig.endpoint, identities: [file, stranger] }, ask('exit 0')),
      );
      expect(failure).toMatchObject({ causeClass: 'key_unusable', reached: true });
    });
  });

  it('a dead agent is one more way that failed: no crash, no hang, and keys before it still work', async () => {
    const agentSocket = join(folder, 'no-agent');
    const withKey = { ...rig.endpoint, agentSocket };
    expect((await run(make({}), withKey, ask('exit 0'))).exitCode).toBe(0);
    const failure = await failureOf(run(make({}), { ...withKey, identities: [] }, ask('exit 0')));
    expect(failure).toMatchObject({ causeClass: 'auth', reached: true });
  });

  it('a host that can prove itself only with SHA-1 is refused', async () => {
    const node = rig.fleet.node(1);
    await node.setSshdOption('HostKeyAlgorithms', 'ssh-rsa');
    const endpoint = rig.endpointOf(node);
    const pins = endpoint.pins.filter((pin) => pin.key.startsWith('ssh-rsa'));
    const failure = await failureOf(run(make({}), { ...endpoint, pins }, ask('exit 0')));
    await node.setSshdOption('HostKeyAlgorithms', undefined);
    expect(failure).toMatchObject({ causeClass: 'handshake', reached: true });
    expect(failure.message).toContain('host key');
  });

  it('a channel that never opens ends at its own limit, and the session with it', async () => {
    const hostKey = scriptedHostKey();
    const server = await sshServer({ onSession: () => undefined }, hostKey);
    const transport = make({ channelMs: 300 });
    const endpoint = {
      ...rig.endpoint,
      host: '127.0.0.1',
      port: server.port,
      pins: pinsOf([hostKey.publicLine]),
    };
    const failure = await failureOf(run(transport, endpoint, ask('exit 0')));
    await server.stop();
    expect(failure).toMatchObject({ causeClass: 'timeout', reached: true, started: false });
    expect(failure.message).toContain('no channel within 300 ms');
    expect(transport.isWarm(endpoint)).toBe(false);
  });

  it('a session whose host went silent after the login is given up before a byte is sent', async () => {
    const node = rig.fleet.node(0);
    const transport = make({ warmChannelMs: 300, dialMs: 300 });
    await run(transport, rig.endpoint, ask('exit 0'));
    const before = await rig.starts();
    await node.blackhole();
    const failure = await failureOf(run(transport, rig.endpoint, ask('exit 0')));
    await node.unblackhole();
    expect(failure).toMatchObject({ causeClass: 'timeout', started: false });
    expect(await rig.starts()).toBe(before);
    expect((await run(transport, rig.endpoint, ask('exit 0'))).exitCode).toBe(0);
  });

  it('a wedged session is replaced within the same exchange', async () => {
    const node = rig.fleet.node(0);
    const transport = make({ warmChannelMs: 300 });
    await run(transport, rig.endpoint, ask('exit 0'));
    await node.freeze('sessions');
    const result = await run(transport, rig.endpoint, ask('exit 0'));
    await node.thaw();
    expect(result.exitCode).toBe(0);
    expect(result.phases.authMs).toBeGreaterThan(0);
  });

  it('a server that is full before its banner is called throttled, and is reached again when it has room', async () => {
    const node = rig.fleet.node(1);
    await node.setSshdOption('MaxStartups', '1');
    const { connect } = await import('node:net');
    const holder = connect(node.port, node.address);
    await new Promise((resolve) => holder.once('data', resolve));
    const transport = make({});
    const failure = await failureOf(run(transport, rig.endpointOf(node), ask('exit 0')));
    expect(failure).toMatchObject({ causeClass: 'throttled', started: false });
    holder.destroy();
    await until('the server has room', async () => {
      const result = await run(transport, rig.endpointOf(node), ask('exit 0')).catch(() => undefined);
      return result?.exitCode === 0;
    });
    await node.setSshdOption('MaxStartups', undefined);
  });

  it('signs of life are answered by any server while a command runs, and not asked for in between', async () => {
    const hostKey = scriptedHostKey();
    const onCommand = (channel: ServerChannel): void => {
      setTimeout(() => {
        channel.exit(0);
        channel.end();
      }, 400);
    };
    const server = await sshServer({ onCommand }, hostKey);
    const transport = make({ keepaliveMs: 50, keepaliveCount: 1 });
    const endpoint = {
      ...rig.endpoint,
      host: '127.0.0.1',
      port: server.port,
      pins: pinsOf([hostKey.publicLine]),
    };
    expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(0);
    expect((await run(transport, rig.endpoint, ask('nap 1'))).exitCode).toBe(0);
    await server.stop();
  });

  it('an exit status that comes in one packet with the start of the command is not lost', async () => {
    const hostKey = scriptedHostKey();
    const server = await sshServer(
      {
        onCommand: (channel, socket) => {
          socket.cork();
          channel.exit(16);
          channel.end();
          setImmediate(() => {
            socket.uncork();
          });
        },
      },
      hostKey,
    );
    const endpoint = {
      ...rig.endpoint,
      host: '127.0.0.1',
      port: server.port,
      pins: pinsOf([hostKey.publicLine]),
    };
    const transport = make({});
    for (let round = 0; round < 20; round += 1) {
      expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(16);
    }
    await server.stop();
  });

  it('the key that was shown comes with the refusal, so that another node in its place can be told', async () => {
    const [here, there] = [rig.endpoint, rig.endpointOf(rig.fleet.node(1))];
    const failure = await failureOf(run(make({}), { ...here, host: there.host }, ask('exit 0')));
    expect(failure.causeClass).toBe('hostkey_changed');
    expect(there.pins.map((pin) => pin.key)).toContain(failure.hostKey);
    const result = await run(make({}), here, ask('exit 0'));
    expect(here.pins.map((pin) => pin.key)).toContain(result.hostKey);
  });

  it('the package is imported in the one form that plain Node understands', async () => {
    const file = join(import.meta.dirname, '../../src/transport/ssh2-transport.ts');
    const code = `import(${JSON.stringify(file)}).then((m) => m.createSsh2Transport().close()).then(() => console.log('loaded'))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', code]);
    expect(stdout).toBe('loaded\n');
  });
});
