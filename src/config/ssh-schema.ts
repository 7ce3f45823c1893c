import * as z from 'zod';
import { flag, millis, oneOf, optionalPath, optionalText, paths, whole } from './leaf.ts';

const error = 'a mapping of settings';

/** How sessions to the nodes are opened, kept and ended. */
export const ssh = z.strictObject(
  {
    adapter: oneOf(
      ['ssh2', 'openssh'],
      'ssh2',
      '`openssh` runs the ssh program: certificates, FIDO keys, ProxyCommand.',
    ),
    identity: paths(
      'Private keys, tried in order; else `mynodeone_id_ed25519` of root, then of the login user.',
    ),
    agent: optionalPath('Socket of an SSH agent, tried last; else `$SSH_AUTH_SOCK`.'),
    knownHosts: paths(
      'Files that `node trust --from known_hosts` reads; else those of the user and the system.',
    ),
    useSshConfig: flag(false, 'Take port, user, identity and ProxyJump from `ssh -G`.'),
    jump: optionalText('Hosts to pass through for every node: `user@host:port,user@host`.'),
    port: whole(22, { min: 1, max: 65_535 }, 'Port of sshd where a node names none.'),
    dialMs: millis(3_000, 'Name lookup and TCP connect.'),
    readyMs: millis(10_000, 'From the connection to a proven host key and a finished login.'),
    channelMs: millis(5_000, 'From asking for a channel to a started command.'),
    warmChannelMs: millis(1_500, 'The same on a session that was idle: a wedged one is replaced after this.'),
    stallMs: millis(10_000, 'How long a node may not read what we send.'),
    keepaliveMs: millis(
      5_000,
      'Sign of life while a command runs; an idle session is left to TCP, and a dead one is replaced in the same exchange.',
    ),
    keepaliveCount: whole(3, { min: 1, max: 100 }, 'Unanswered signs of life that end a session.'),
    idleMs: millis(
      3_900_000,
      'A session without a push for this long is closed; a little over the hourly look, which keeps it warm.',
    ),
    closeGraceMs: millis(1_000, 'How long the output of an ended command may stay open.'),
    endGraceMs: millis(500, 'How long a polite goodbye may take.'),
    resident: flag(
      false,
      'Keep one receiver running on each session (about 4 MB on the node): a push needs no login shell, no sudo and no start of a program. `ssh2` only.',
    ),
    maxChannels: whole(
      8,
      { min: 1, max: 100 },
      'Commands at once on one session; sshd allows 10 by default.',
    ),
    maxAgeMs: millis(
      43_200_000,
      'A session older than this is replaced by a new one while its work ends in peace; a key file that was replaced does the same.',
    ),
    loginBurst: whole(
      10,
      { min: 1, max: 1_000 },
      'New logins at one host (jump hosts, too) at once; sshd turns further ones away at 10 (`MaxStartups`). Pushes over a warm session are no logins.',
    ),
    loginRefillMs: millis(2_000, 'After them one more login at that host in this time.'),
    throttleMs: millis(
      2_000,
      'A host that closes before its banner is left alone for this long, and twice as long each further time, up to 11 minutes: longer than any penalty of sshd.',
    ),
    authRetryMs: millis(
      300_000,
      'Keys that a host refused are not tried there again for this long, and twice as long each further time, up to 50 minutes; a changed key, another row or `syncctl push` ends the wait.',
    ),
    maxKeys: whole(
      5,
      { min: 1, max: 20 },
      'Keys that one connection offers, those of files first; sshd ends it at the sixth (`MaxAuthTries`), and fail2ban counts every refused one.',
    ),
  },
  { error },
);
