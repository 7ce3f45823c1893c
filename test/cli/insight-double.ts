import type { Insight } from '../../src/contract/insight.ts';

const form = { apiVersion: 'sync-controller/v1' } as const;

/** Notes what it is asked, and answers in the form of the contract. */
export function insightDouble(note: (what: string, request: unknown) => void): Insight {
  return {
    services: async () => {
      note('services', undefined);
      return Promise.resolve({ ...form, kind: 'ServiceList', services: [] });
    },
    why: async (service) => {
      note('why', service);
      const nothing = { registered: true, hosts: [], because: null, nodes: [] };
      return Promise.resolve({ ...form, kind: 'WhyReport', service, ...nothing });
    },
    blame: async (node) => {
      note('blame', node);
      return Promise.resolve({ ...form, kind: 'BlameReport', node, name: node, lines: [] });
    },
  };
}
