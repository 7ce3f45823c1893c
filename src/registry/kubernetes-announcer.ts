import { isFailure } from './kubernetes-failure.ts';
import type { KubernetesHttp } from './kubernetes-http.ts';
import type { Announcer, EventText, Told } from './announcer.ts';
import type { ObjectNames } from './source.ts';

const events = 'events.k8s.io';

/** Events and annotations on the registries of one namespace. */
export function createKubernetesAnnouncer(
  http: KubernetesHttp,
  { namespace, names }: { readonly namespace: string; readonly names: ObjectNames },
): Announcer {
  const folder = `/apis/${events}/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  return {
    annotate: async ({ object, version, annotations }) => {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(names[object])}`;
      // With its version: of an edit that came in between nothing is known yet that could be written beside it.
      const body = { metadata: { resourceVersion: version, annotations } };
      const contentType = 'application/merge-patch+json';
      try {
        await http.json({ method: 'PATCH', path, body, contentType });
        return 'written';
      } catch (error) {
        if (isFailure(error, 'conflict', 'not-found')) return 'changed';
        throw error;
      }
    },
    tell: async (event) => {
      const body = { ...bodyOf(event, namespace, names[event.object]) };
      await http.json({ method: 'POST', path: folder, body });
    },
    tellAgain: async ({ name, count, atMs }) => {
      const body = { series: { count, lastObservedTime: microTime(atMs) } };
      const contentType = 'application/merge-patch+json';
      try {
        await http.json({
          method: 'PATCH',
          path: `${folder}/${encodeURIComponent(name)}`,
          body,
          contentType,
        });
        return true;
      } catch (error) {
        // Events are forgotten by the API server, after an hour as a rule.
        if (isFailure(error, 'not-found')) return false;
        throw error;
      }
    },
  };
}

function bodyOf(event: EventText & Told, namespace: string, name: string): object {
  return {
    apiVersion: `${events}/v1`,
    kind: 'Event',
    metadata: { name: event.name, namespace },
    eventTime: microTime(event.atMs),
    reportingController: 'sync-controller',
    reportingInstance: event.instance,
    action: 'Reconcile',
    type: event.type,
    reason: event.reason,
    note: event.note,
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, ...identity(event) },
  };
}

function identity({ uid, version }: EventText): object {
  return { ...(uid === '' ? {} : { uid }), ...(version === '' ? {} : { resourceVersion: version }) };
}

/** Kubernetes demands six digits after the second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
