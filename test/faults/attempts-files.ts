// Attempts by what stands on the node: targets and records that are something else, and the rights of the login user beside the key.
import { result, type Attempt } from './attempt.ts';
import { receive } from './escapes-world.ts';

const described = '/etc/sync-controller/targets.d/hosts';
const state = '/var/lib/sync-controller';

/** [what, shell text before, shell text after, the answer]: a good request meets a node that is not as it was. */
const places: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'a target that is a link to a secret',
    'mv /etc/hosts /root/hosts; ln -s /etc/shadow /etc/hosts',
    'mv -T /root/hosts /etc/hosts',
    result('TARGET'),
  ],
  [
    'a target that is a directory',
    'mv /etc/hosts /root/hosts; mkdir /etc/hosts',
    'rmdir /etc/hosts; mv -T /root/hosts /etc/hosts',
    result('TARGET'),
  ],
  [
    'a target that is a device',
    'mv /etc/hosts /root/hosts; mknod /etc/hosts c 1 3',
    'mv -T /root/hosts /etc/hosts',
    result('TARGET'),
  ],
  [
    'a description that is a link into a home',
    `mv ${described} /root/d; cp /root/d /home/node/d; ln -s /home/node/d ${described}`,
    `mv -fT /root/d ${described}; rm /home/node/d`,
    result('KIND'),
  ],
  [
    'a description that belongs to the user of the login',
    `cp -p ${described} /root/d; chown node ${described}`,
    `mv -fT /root/d ${described}`,
    result('KIND'),
  ],
  [
    'a description with a path that climbs',
    `cp -p ${described} /root/d; sed -i 's|^path=.*|path=/etc/../root/x|' ${described}`,
    `mv -fT /root/d ${described}`,
    result('KIND'),
  ],
  [
    'a description with a command in a value',
    `cp -p ${described} /root/d; echo 'reload=/bin/sh -c $(touch /tmp/escaped)' >>${described}`,
    `mv -fT /root/d ${described}`,
    result('KIND'),
  ],
  [
    'a record of the owner that is a link',
    `cd ${state}/owners; mv %2Fetc%2Fhosts /root/o; ln -s /root/o %2Fetc%2Fhosts`,
    `mv -fT /root/o ${state}/owners/%2Fetc%2Fhosts`,
    result('DAMAGED'),
  ],
  [
    'a journal that is a link',
    `cd ${state}/clusters/*/hosts; mv journal /root/j; ln -s /root/j journal`,
    `cd ${state}/clusters/*/hosts; mv -fT /root/j journal`,
    result('DAMAGED'),
  ],
];

const routes = [
  'format=SC1',
  'shape=file',
  'path=/home/node/traefik/config/routes.yml',
  'temp=/home/node/traefik',
  'mode=0644',
  'check=traefik-routes',
].join('\\n');
const withRoutes = `mkdir -p /home/node/traefik/config; chown -R node /home/node/traefik; printf '${routes}\\n' >/etc/sync-controller/targets.d/traefik-routes`;
const withoutRoutes = 'rm -rf /home/node/traefik /etc/sync-controller/targets.d/traefik-routes';
const nonce = 'f00df00df00df00df00d';

/** Folders of the login user, who prepares them by other means than the key. */
const folders: readonly Attempt[] = [
  ['a target in a home that is a link to a secret', 'ln -s /etc/shadow config/routes.yml', result('TARGET')],
  // Not for /etc/hosts: sudo itself reads that to name this machine, and would wait at it.
  ['a target that is a FIFO', 'mkfifo config/routes.yml', result('TARGET')],
  [
    'links under the names that temp files will have',
    `for ((i = 2; i < 3000; i++)); do ln -s /etc/escaped .sync-controller.$i.${nonce}; done`,
    /"result":"(IO|TARGET|INSTALLED)"/u,
  ],
  [
    'a folder in a home that is a link to one of the system',
    'rm -r config; ln -s /etc config',
    result('TARGET'),
  ],
].map(([name, shell, refused]) => ({
  name: String(name),
  prepare: `${withRoutes}; cd /home/node/traefik && su node -s /bin/bash -c '${String(shell)}'`,
  undo: withoutRoutes,
  run: (way) =>
    way.say(
      way.request({ kind: 'traefik-routes', document: '# sync-controller: no public services\n', nonce }),
    ),
  refused: refused instanceof RegExp ? refused : /never/u,
  own: /home\/node\/traefik|clusters\/[^ ]*\/traefik-routes|owners\/[^ ]*traefik|backup\/traefik/u,
}));

/** [what, shell text]: the user of the login, on the node itself, with the sudo rule of the key. */
const user: readonly (readonly [string, string])[] = [
  ['sudo with an argument', `sudo -n ${receive} --version`],
  ['sudo with the option --root', `sudo -n ${receive} --root /home/node`],
  ['sudo with the call of the timer', `sudo -n ${receive} --expire cluster-aaaa hosts 0`],
  ['sudo with another command', 'sudo -n touch /tmp/escaped'],
  ['sudo with a shell', 'sudo -n -s touch /tmp/escaped'],
  [
    'sudo with another path to the same file',
    `sudo -n /usr/local/lib/sync-controller/../sync-controller/receive-1.0.0`,
  ],
  ['sudo with an editor', `sudo -n -e ${receive}`],
  ['sudo with a variable of the loader', `sudo -n LD_PRELOAD=/tmp/x.so ${receive}`],
  ['sudo with the whole environment', `BASH_ENV=/home/node/x sudo -n -E ${receive}`],
  ['sudo in another folder', `sudo -n -D /tmp ${receive}`],
  ['a write to a description', `echo path=/etc/shadow >>${described}`],
  ['another file in the place of a description', `mv -f /etc/hostname ${described}`],
  ['a write to the receiver', `echo : >>${receive}`],
  ['another link in the place of the receiver', `ln -sfn /bin/sh ${receive}`],
  ['a look at the records', `ls ${state}/clusters`],
];

/** [what, assignments]: what the user exports before the one command that sudo allows. */
const exported: readonly (readonly [string, string])[] = [
  ['BASH_ENV', `BASH_ENV='$(touch /tmp/escaped)'`],
  ['PATH with a program of ours in front', 'PATH=/home/node/bin:$PATH'],
  ['SHELLOPTS and PS4', `SHELLOPTS=xtrace PS4='$(touch /tmp/escaped)'`],
  ['a function in the environment', `'BASH_FUNC_read%%=() { touch /tmp/escaped; }'`],
  ['hooks for tests', 'SC_TEST_CRASH_AT=judged SC_TEST_STOP_AT=judged'],
];

export const fileAttempts: readonly Attempt[] = [
  ...places.map(([name, prepare, undo, refused]) => ({
    name,
    prepare,
    undo,
    run: (way: Parameters<Attempt['run']>[0]) => way.say(way.request()),
    refused,
  })),
  {
    name: 'a second name of the target',
    prepare: 'ln -T /etc/hosts /root/second',
    undo: 'cp /root/second /etc/hosts; rm /root/second',
    // What a push may do it does; the other name keeps its bytes.
    run: (way) => way.say(way.request()),
    refused: result('INSTALLED'),
    own: / ?\/etc\/hosts( |$)|\/clusters\/|\/backup\//u,
  },
  ...folders,
  ...user.map(([name, shell]) => ({
    name,
    run: async (way: Parameters<Attempt['run']>[0]) => {
      const ran = await way.node.run(`${shell} </dev/null`, { user: 'node' });
      return `${ran.stdout}\n${ran.stderr}\n[exit ${String(ran.code)}]`;
    },
    refused:
      /(password is required|not allowed|Permission denied|cannot move|cannot remove|cannot create|no askpass|not permitted|may not|Operation not permitted)[^]*\[exit [1-9]/iu,
  })),
  ...exported.map(([name, assignments]) => ({
    name: `sudo after ${name}`,
    prepare:
      'mkdir -p /home/node/bin; printf "#!/bin/sh\\ntouch /tmp/escaped\\n" | tee /home/node/bin/stat >/home/node/bin/sha256sum; chmod 755 /home/node/bin/*',
    undo: 'rm -r /home/node/bin',
    run: async (way: Parameters<Attempt['run']>[0]) => {
      const ran = await way.node.run(`env ${assignments} sudo -n ${receive}`, {
        user: 'node',
        stdin: way.request({ mode: 'check', document: undefined }),
      });
      return `${ran.stdout}${ran.stderr}`;
    },
    refused: result('CHECKED'),
  })),
];
