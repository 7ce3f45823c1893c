// Workers whose hosts files tell which revision they hold.
import { fileOn, type Rig } from './rig.ts';

/** Names of the workers, in the order of the rig. */
export const names = ['wa', 'wb', 'wc', 'wd', 'we', 'wf'];

/** True where a node's hosts file has the internal name of a service. */
export const holds = (rig: Rig, index: number, name: string): boolean =>
  fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`);
/** The nodes that have it. */
export const whoHolds = (rig: Rig, name: string): string =>
  names.filter((_, index) => index < rig.fleet.nodes.length && holds(rig, index, name)).join(' ');
/** An edit of the registry: beside the two of the rig these services are there from now on. */
export const serve = (rig: Rig, ...wanted: string[]): void => {
  rig.edit('service-registry', 'services.json', (services: object) => ({
    ...Object.fromEntries(Object.entries(services).filter(([name]) => name === 'demo' || name === 'grafana')),
    ...Object.fromEntries(
      wanted.map((name) => [name, { subdomain: name, ip: '100.76.150.77', port: 80, public: false }]),
    ),
  }));
};
/** From now on this name resolves to somewhere else on a node, so that a revision with it cannot be verified there. */
export const spoil = async (rig: Rig, index: number, name: string): Promise<void> => {
  await rig.node(index).run(`sed -i '1i 10.9.9.9 ${name}.testcloud.local' /etc/hosts`);
};
/** Ends that. */
export const heal = async (rig: Rig, index: number, name: string): Promise<void> => {
  await rig.node(index).run(`sed -i '/^10.9.9.9 ${name}.testcloud/d' /etc/hosts`);
};
/** Our own bytes on a node: what is between the marks. */
export const block = (rig: Rig, index: number): string =>
  /# BEGIN sync-controller[^]*# END sync-controller.*/u.exec(fileOn(rig.node(index), 'etc/hosts'))?.[0] ?? '';
