// Ansible with the same job: the 5 KB file under sudo, then its digest read back.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostsBundle } from '../../../src/plan/render-hosts.ts';
import { runProgram } from '../../fleet/process.ts';
import type { Scene } from '../scene.ts';
import { lap, type Lap } from '../stats.ts';

export const ansiblePath = '/etc/hosts.ansible';
export const ansibleInstall =
  'to measure Ansible too: apt-get install ansible-core (Debian, Ubuntu) or pip install ansible-core';

/** The version line, or undefined where Ansible is not installed. */
export async function ansibleVersion(): Promise<string | undefined> {
  const told = await runProgram(['ansible-playbook', '--version']).catch(() => undefined);
  return told?.code === 0 ? told.stdout.split('\n')[0] : undefined;
}

export type AnsibleTuning = 'default' | 'tuned';

const settingsOf: Readonly<Record<AnsibleTuning, Readonly<Record<string, string>>>> = {
  default: {},
  tuned: { ANSIBLE_FORKS: '20', ANSIBLE_PIPELINING: 'True', ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' },
};

/** One run of the playbook over all nodes. Facts are not gathered and connections are its own, new each run. */
export async function ansible(scene: Scene, generation: number, tuning: AnsibleTuning): Promise<Lap> {
  const folder = mkdtempSync(join(scene.folder, 'ansible-'));
  const { bytes, digest } = hostsBundle('sc-bench-ansible', scene.entries(generation));
  writeFileSync(join(folder, 'payload'), bytes);
  writeFileSync(join(folder, 'inventory'), inventory(scene));
  writeFileSync(join(folder, 'play.yml'), playbook(join(folder, 'payload'), digest));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    ANSIBLE_SSH_CONTROL_PATH_DIR: `${folder}/cp`,
    ANSIBLE_SSH_ARGS: `-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${scene.fleet.knownHosts}`,
    ...settingsOf[tuning],
  };
  let ended = { code: null as number | null, stdout: '', stderr: '' };
  const { ms } = await lap(async () => {
    ended = await runProgram(
      ['ansible-playbook', '-i', join(folder, 'inventory'), join(folder, 'play.yml')],
      { env, cwd: folder },
    );
    return undefined;
  });
  if (ended.code !== 0)
    throw new Error(
      `bench: ansible-playbook ended with ${String(ended.code)}: ${ended.stdout.slice(-2000)}${ended.stderr.slice(-2000)}`,
    );
  return { ms };
}

function inventory(scene: Scene): string {
  const lines = scene.fleet.nodes.map(
    (node) =>
      `${node.name} ansible_host=${node.address} ansible_port=${String(node.port)} ansible_user=${node.user} ansible_ssh_private_key_file=${scene.fleet.clientKey}`,
  );
  return `[nodes]\n${lines.join('\n')}\n`;
}

function playbook(payload: string, digest: string): string {
  return [
    '- hosts: nodes',
    '  gather_facts: false',
    '  become: true',
    '  tasks:',
    '    - copy:',
    `        src: ${payload}`,
    `        dest: ${ansiblePath}`,
    "        mode: '0644'",
    `    - command: sha256sum ${ansiblePath}`,
    '      register: read',
    '      changed_when: false',
    `      failed_when: "'${digest}' not in read.stdout"`,
    '',
  ].join('\n');
}
