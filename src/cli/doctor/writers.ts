import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error } = findingsOf('writers');
const predecessor = 'mynodeone-sync-controller.service';

/** Nobody else writes what we write: the predecessor, its node scripts, cloud-init. */
export const writersCheck: Check = {
  name: 'writers',
  perNode: false,
  run: async (ground) => {
    const found = [...(await oldUnit(ground)), ...(await cloudInit(ground)), ...(await oldBlocks(ground))];
    return found.length === 0
      ? [ok('writers', 'nobody else writes what we write, as far as can be seen here')]
      : found;
  },
};

async function oldUnit({ host, signal }: DoctorGround): Promise<readonly DoctorFinding[]> {
  const shown = await host.exec('systemctl', ['show', '-p', 'Id', '-p', 'ActiveState', predecessor], signal);
  // Our unit may carry the old name as an alias: then the Id is ours.
  if (
    shown === undefined ||
    !shown.stdout.includes(`Id=${predecessor}`) ||
    !shown.stdout.includes('ActiveState=active')
  )
    return [];
  return [
    error(
      predecessor,
      "the predecessor's daemon still pushes to the same nodes",
      `sudo systemctl disable --now ${predecessor}`,
    ),
  ];
}

async function cloudInit({ host }: DoctorGround): Promise<readonly DoctorFinding[]> {
  const folder = '/etc/cloud/cloud.cfg.d';
  const files = [
    '/etc/cloud/cloud.cfg',
    ...(await host.list(folder)).filter((name) => name.endsWith('.cfg')).map((name) => `${folder}/${name}`),
  ];
  const texts = await Promise.all(files.map(async (file) => ({ file, text: (await host.read(file)) ?? '' })));
  // Of several files the last one counts.
  const last = texts.filter(({ text }) => /^\s*manage_etc_hosts\s*:/mu.test(text)).at(-1);
  const value = /^\s*manage_etc_hosts\s*:\s*["']?(\w+)/mu.exec(last?.text ?? '')?.[1]?.toLowerCase();
  if (last === undefined || (value !== 'true' && value !== 'localhost' && value !== 'template')) return [];
  return [
    warning(
      last.file,
      `foreign_writer: cloud-init rewrites /etc/hosts at every boot (manage_etc_hosts: ${value})`,
      `echo 'manage_etc_hosts: false' | sudo tee ${folder}/99-sync-controller.cfg`,
    ),
  ];
}

const oldMarkers = [/^# MyNodeOne Services - Auto-/mu, /^# MyNodeOne services/mu, /^# MyNodeOne Apps/mu];

async function oldBlocks({ host }: DoctorGround): Promise<readonly DoctorFinding[]> {
  const hosts = (await host.read('/etc/hosts')) ?? '';
  const count = oldMarkers.filter((marker) => marker.test(hosts)).length;
  if (count === 0) return [];
  return [
    warning(
      '/etc/hosts',
      `holds ${String(count)} kinds of blocks of older tools`,
      'register this machine as a node and push: the old blocks are replaced',
    ),
  ];
}
