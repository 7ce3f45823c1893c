// Attempts at what SSH itself offers beside the one command.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Client, ExecOptions } from 'ssh2';
import { result, type Attempt } from './attempt.ts';
import { receive, type Way } from './escapes-world.ts';

const mark = 'touch /tmp/escaped; id';
const noise = 'touch /tmp/escaped\n';

/** Another command: the receiver starts instead, and what stands on stdin is no request. */
const commands: readonly Attempt[] = [
  ['a login shell', ''],
  ['a command', 'id'],
  ['a shell with a command', `sh -c '${mark}'`],
  ['the command with something behind it', `${receive}; ${mark}`],
  ['the command with a substitution', `${receive} $(${mark})`],
  ['the command with a newline', `${receive}\n${mark}`],
  ['the command with another argument', `sudo -n ${receive} --version`],
  ['the command with a root of its own', `${receive} --root /tmp`],
  ['the call of the timer', `sudo -n ${receive} --expire cluster-aaaa hosts 0`],
  ['tar over a folder', 'tar -x -C /etc'],
  ['the server side of rsync', 'rsync --server -e.LsfxCIvu . /tmp/escaped'],
  ['the server side of git', "git-receive-pack '/tmp/escaped'"],
].map(([name = '', command = '']) => ({
  name,
  run: (way) => way.ssh([], command === '' ? [] : [command], noise),
  refused: result('REQUEST'),
  ...(name.startsWith('a ') ? { control: true } : {}),
}));

const programs: readonly Attempt[] = [
  {
    name: 'the program that installs receivers, over stdin',
    run: (way) => {
      const program = readFileSync(new URL('../../scripts/install-receiver.sh', import.meta.url));
      return way.ssh([], ['sudo -n bash -s'], program);
    },
    refused: result('REQUEST'),
  },
  {
    name: 'scp in its old form',
    run: (way) => way.program(['scp', '-O', ...way.options, '/etc/hostname', `${way.login}:/tmp/escaped`]),
    refused: /\[exit [1-9]/u,
    control: true,
  },
  {
    name: 'scp in its new form',
    run: (way) => way.program(['scp', '-s', ...way.options, '/etc/hostname', `${way.login}:/tmp/escaped`]),
    refused: /\[exit [1-9]/u,
    control: true,
  },
  {
    name: 'sftp',
    run: (way) => way.program(['sftp', ...way.options, '-b', '-', way.login], 'ls /etc\n'),
    refused: /\[exit [1-9]/u,
    control: true,
  },
  {
    name: 'a subsystem of another name',
    run: (way) => way.ssh(['-s'], ['netconf'], noise),
    refused: /subsystem request failed|"result":"REQUEST"/u,
  },
];

const forwards: readonly Attempt[] = [
  {
    name: 'a local forward to a port of the node',
    run: (way) =>
      way.client((client, done) => {
        client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, answer(done));
      }),
    refused: /open failed|prohibited/iu,
    control: true,
  },
  {
    name: 'a local forward to a third machine',
    run: (way) => way.ssh(['-W', `${way.rig.node(1).address}:22`], []),
    refused: /administratively prohibited/u,
  },
  {
    name: 'a dynamic forward',
    run: socks,
    refused: /^(?![^]*SSH-2\.0)/u,
    control: true,
  },
  {
    name: 'a remote forward',
    run: (way) => forwardIn(way, '127.0.0.1'),
    refused: /Unable to bind/u,
    control: true,
  },
  {
    name: 'a remote forward for everybody',
    run: (way) => forwardIn(way, '0.0.0.0'),
    refused: /Unable to bind/u,
    control: true,
  },
  {
    name: 'a forward to a socket of the node',
    prepare: `python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("/run/listens"); s.listen(); import os, time; os.chmod("/run/listens", 0o777); time.sleep(600)' >/dev/null 2>&1 & until [ -S /run/listens ]; do sleep 0.05; done`,
    undo: 'rm -f /run/listens',
    run: (way) =>
      way.client((client, done) => {
        client.openssh_forwardOutStreamLocal('/run/listens', answer(done));
      }),
    refused: /open failed|prohibited|failure/iu,
    control: true,
  },
  {
    name: 'a socket on the node that leads to us',
    run: (way) =>
      way.client((client, done) => {
        client.openssh_forwardInStreamLocal('/tmp/s-escaped', answer(done));
      }),
    refused: /Unable to bind/u,
    control: true,
  },
  {
    name: 'a tunnel device',
    run: (way) =>
      way.ssh(
        ['-v', '-o', 'Tunnel=ethernet', '-o', 'ExitOnForwardFailure=yes', '-w', 'any:any'],
        [receive],
        noise,
      ),
    refused: /administratively prohibited|Tunnel[^\n]*failed|open failed/iu,
  },
];

const channel: readonly Attempt[] = [
  {
    name: 'a terminal',
    run: (way) => way.client(exec({ pty: true })),
    refused: /Unable to request a pseudo-terminal/u,
    control: true,
  },
  {
    name: 'windows of an X server',
    run: (way) => way.client(exec({ x11: true })),
    refused: /Unable to request X11/u,
    control: true,
  },
  {
    name: 'an agent',
    run: (way) =>
      way.client(
        (client, done) => {
          // The types of ssh2 do not know the option; it stands for the request of the protocol.
          const options: ExecOptions & { readonly agentForward: boolean } = { agentForward: true };
          client.exec('id; echo "[agent $SSH_AUTH_SOCK]"', options, listen(done));
        },
        { agent: '/nonexistent', agentForward: true },
      ),
    refused: /^(?![^]*\[agent \/)/u,
    control: true,
  },
  {
    name: 'an rc file in the home of the user',
    prepare: `echo '${noise.trim()}' >/home/node/.ssh/rc; chown node /home/node/.ssh/rc`,
    undo: 'rm -f /home/node/.ssh/rc',
    run: (way) => way.say(noise),
    refused: result('REQUEST'),
  },
  {
    name: 'a second command over a shared connection',
    run: (way) => shared(way, [], ['id']),
    refused: result('REQUEST'),
    control: true,
  },
  {
    name: 'a forward asked for later over a shared connection',
    run: (way) => shared(way, ['-O', 'forward', '-R', '127.0.0.1:48123:127.0.0.1:22'], []),
    refused: /remote port forwarding failed|forward[^\n]*(failed|refused)/iu,
    control: true,
  },
];

/** Variables that a shell or a loader would obey; the server takes LANG and LC_* from anybody. */
const variables: readonly Attempt[] = [
  ['LD_PRELOAD', '/tmp/escaped.so'],
  ['BASH_ENV', '$(touch /tmp/escaped)'],
  ['ENV', '$(touch /tmp/escaped)'],
  ['PATH', '/tmp/escaped:/usr/bin:/bin'],
  ['LC_ALL', '$(touch /tmp/escaped)'],
  ['LC_ESCAPED', '() { :; }; touch /tmp/escaped'],
  ['GLOBIGNORE', '*'],
  ['SHELLOPTS', 'xtrace'],
  ['PS4', '$(touch /tmp/escaped)'],
  ['BASH_FUNC_read%%', '() { touch /tmp/escaped; }'],
].map(([name = '', value = '']) => ({
  name: `the variable ${name}`,
  run: (way) =>
    way.client((client, done) => {
      client.exec(receive, { env: { [name]: value } }, listen(done, noise));
    }),
  refused: result('REQUEST'),
}));

export const sshAttempts: readonly Attempt[] = [
  ...commands,
  ...programs,
  ...forwards,
  ...channel,
  ...variables,
];

type Answered = (error: Error | null | undefined, value?: unknown) => void;

function answer(done: (said: string) => void): Answered {
  return (error) => {
    done(error?.message ?? 'it works');
  };
}

function exec(options: { readonly pty?: boolean; readonly x11?: boolean }) {
  return (client: Client, done: (said: string) => void): void => {
    client.exec('id', options, answer(done));
  };
}

function listen(done: (said: string) => void, stdin = '') {
  return (
    error: Error | undefined,
    stream: NodeJS.ReadWriteStream & { readonly stderr: NodeJS.ReadableStream },
  ): void => {
    if (error !== undefined) {
      done(error.message);
      return;
    }
    let said = '';
    for (const out of [stream, stream.stderr])
      out.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
    stream.on('close', () => {
      done(said);
    });
    stream.end(stdin);
  };
}

function forwardIn(way: Way, host: string): Promise<string> {
  return way.client((client, done) => {
    client.forwardIn(host, 48_122, answer(done));
  });
}

/** A connection that stays in the background, something asked over it, and its end. */
async function shared(way: Way, flags: readonly string[], command: readonly string[]): Promise<string> {
  const socket = join(way.rig.folder, `mux-${way.node.name}`);
  const master = await way.ssh(['-M', '-S', socket, '-N', '-f', '-o', 'ControlPersist=30'], []);
  const said = await way.ssh(['-S', socket, ...flags], command, noise);
  await way.ssh(['-S', socket, '-O', 'exit'], []);
  return `${said}${master}`;
}

/** Asks a dynamic forward for the SSH server of the node itself. */
async function socks(way: Way): Promise<string> {
  const socket = join(way.rig.folder, `socks-${way.node.name}`);
  const port = 48_200;
  await way.ssh(['-M', '-S', socket, '-N', '-f', '-D', `127.0.0.1:${String(port)}`], []);
  const said = await new Promise<string>((resolve) => {
    let heard = '';
    const near = connect(port, '127.0.0.1', () => near.write(Buffer.from([5, 1, 0])));
    const over = (): void => {
      resolve(`socks: ${heard}`);
    };
    near.setTimeout(5_000, over).on('error', over).on('close', over);
    near.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
      if (heard.length === 2) near.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, 0, 22]));
      if (heard.includes('SSH-2.0')) near.end();
    });
  });
  await way.ssh(['-S', socket, '-O', 'exit'], []);
  return said;
}
