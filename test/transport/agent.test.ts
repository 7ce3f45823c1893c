import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FewKeysAgent } from '../../src/transport/few-keys.ts';
import { createOpensshTransport } from '../../src/transport/openssh.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { mustRun, runProgram, until } from '../fleet/process.ts';
import { ask, fleetRig, run } from './rig.ts';
import type { FleetRig } from './rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available ? 'an agent' : `an agent (skipped: ${possible.reason})`;

describe.skipIf(!possible.available)(title, () => {
  let rig: FleetRig;
  let folder: string;
  let agent: ChildProcess;
  let agentSocket: string;
  beforeAll(async () => {
    rig = await fleetRig((settings) => createSsh2Transport({ settings }));
    folder = await mkdtemp(join(tmpdir(), 'agent-'));
    agentSocket = join(folder, 's');
    agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
    await until('the agent listens', () =>
      stat(agentSocket).then(
        () => true,
        () => false,
      ),
    );
    const added = await runProgram(['ssh-add', rig.fleet.clientKey], {
      env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
    });
    expect(added.code).toBe(0);
  });
  afterAll(async () => {
    agent.kill();
    await rm(folder, { recursive: true, force: true });
    await rig.stop();
  });

  it.each([
    ['ssh2', createSsh2Transport],
    ['openssh', createOpensshTransport],
  ])('logs in over %s where no private key is a file', async (_name, create) => {
    const transport = create();
    const endpoint = { ...rig.endpoint, identities: ['/no/such/key'], agentSocket };
    expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(0);
    await transport.close();
  });

  it('shows no more of its keys than a host may count as failed logins', async () => {
    for (const name of ['one', 'two', 'three']) {
      const file = join(folder, name);
      await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
      await runProgram(['ssh-add', file], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket } });
    }
    const shown = async (most: number): Promise<number> => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      new FewKeysAgent(agentSocket, most).getIdentities((error, keys) => {
        if (error) reject(error);
        else resolve(keys?.length ?? 0);
      });
      return promise;
    };
    expect(await Promise.all([0, 2, 99].map(shown))).toEqual([0, 2, 4]);
  });

  it('is not needed for a certificate, which the ssh program shows by itself', async () => {
    const authority = join(folder, 'authority');
    const identity = join(folder, 'certified');
    for (const file of [authority, identity])
      await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
    await mustRun([
      'ssh-keygen',
      '-q',
      '-s',
      authority,
      '-I',
      'controller',
      '-n',
      rig.endpoint.user,
      `${identity}.pub`,
    ]);
    const node = rig.fleet.node(0);
    await node.run('cat > /etc/ssh/authority.pub', { stdin: readFileSync(`${authority}.pub`, 'utf8') });
    await node.setSshdOption('TrustedUserCAKeys', '/etc/ssh/authority.pub');
    const transport = createOpensshTransport();
    const result = await run(transport, { ...rig.endpoint, identities: [identity] }, ask('exit 0'));
    await transport.close();
    expect(result.exitCode).toBe(0);
  });

  it("is not needed for the admin's ProxyCommand, which the ssh program runs", async () => {
    const { host, port } = rig.endpoint;
    const transport = createOpensshTransport();
    const way = `${process.execPath} -e 'const s=require("net").connect(${String(port)},"${host}");process.stdin.pipe(s);s.pipe(process.stdout)'`;
    const endpoint = { ...rig.endpoint, host: 'only-the-proxy-knows', proxyCommand: way };
    expect((await run(transport, endpoint, ask('exit 0'))).exitCode).toBe(0);
    await transport.close();
  });
});
