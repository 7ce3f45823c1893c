import type { Snapshot } from '../../model/snapshot.ts';
import type { Discovery } from '../discover.ts';
import { removeService, setService, type Fields } from '../json-edit.ts';
import { fieldOf, isRow } from '../quarantine.ts';
import { routeSteps, unrouteSteps, type Routing } from './routing.ts';
import { rowOf, rowsOf } from './rows.ts';
import type { Step } from './step.ts';

const where = 'service-registry/services.json';
const step = (edit: Step['edit']): Step => ({ object: 'service-registry', key: 'services.json', edit });

/** What a person gives when registering a service; what is left out stays as it is, or is absent. */
export interface ServiceFields {
  readonly subdomain: string;
  readonly ip: string | undefined;
  readonly port: number;
  readonly namespace: string | undefined;
  readonly service: string | undefined;
}

/** Writes one service. `public` stays what it is; a new service is private. */
export function registerSteps(name: string, fields: ServiceFields, now: string): readonly Step[] {
  return [
    step((text) => {
      const rows = rowsOf(text, where);
      const present = Object.hasOwn(rows, name) && isRow(rows[name]) ? rows[name] : {};
      const isPublic = fieldOf(present, 'public');
      const { subdomain, ip, port, namespace, service } = fields;
      // By this mark discovery knows that the entry is a person's, and never removes it.
      const extras = fieldOf(present, 'sync_controller');
      const own = { ...(isRow(extras) ? extras : {}), discovered: false } as Fields[string];
      const written: Fields = {
        subdomain,
        namespace,
        service,
        ip,
        port,
        public: isPublic === true,
        updated: now,
        sync_controller: own,
      };
      return setService(text, name, written);
    }),
  ];
}

/** Removes one service: its routing first, so that a half-done removal serves nothing. */
export function unregisterSteps(name: string, snapshot: Snapshot, now: string): readonly Step[] {
  const routing = snapshot.routes.has(name) ? unrouteSteps(name, undefined, now) : [];
  return [...routing, step((text) => removeService(text, name))];
}

/** Makes a service public: first where it is served, then that it is. */
export function publishSteps(
  name: string,
  snapshot: Snapshot,
  options: { readonly routing: Routing | undefined; readonly now: string },
): readonly Step[] {
  const { routing, now } = options;
  const routes = routing === undefined ? [] : routeSteps(name, routing, { snapshot, now });
  return [...routes, visibility(name, true, now)];
}

/** Makes a service private: first that it is not served, then where it was. */
export function unpublishSteps(name: string, snapshot: Snapshot, now: string): readonly Step[] {
  return [
    visibility(name, false, now),
    ...(snapshot.routes.has(name) ? unrouteSteps(name, undefined, now) : []),
  ];
}

/** Writes what discovery found. What somebody changed meanwhile is left to the next discovery. */
export function discoverySteps({ changes }: Discovery): readonly Step[] {
  if (changes.length === 0) return [];
  return [
    step((text) => {
      const rows = rowsOf(text, where);
      return changes.reduce((result, change) => {
        const present = Object.hasOwn(rows, change.name);
        switch (change.kind) {
          case 'add':
            return present ? result : setService(result, change.name, change.entry as Fields);
          case 'change':
            return present ? setService(result, change.name, change.fields as Fields) : result;
          case 'remove':
            return present ? removeService(result, change.name) : result;
        }
      }, text);
    }),
  ];
}

function visibility(name: string, isPublic: boolean, now: string): Step {
  return step((text) => {
    const row = rowOf(text, name, where);
    return fieldOf(row, 'public') === isPublic
      ? undefined
      : setService(text, name, { public: isPublic, updated: now });
  });
}
