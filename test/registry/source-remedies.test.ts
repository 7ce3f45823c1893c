import { expect, test } from 'vitest';
import { parserFor } from '../../src/registry/parse-for.ts';

const names = {
  'service-registry': 'services',
  'sync-controller-registry': 'nodes',
  'domain-registry': 'domains',
  'cluster-info': 'facts',
};
const remedies = (source: Parameters<typeof parserFor>[0]): string[] =>
  parserFor(source)(new Map(), undefined)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ remedy }) => remedy);

test('what is missing in a folder is put back there, and no cluster is asked', () => {
  const said = remedies({ kind: 'directory', namespace: 'kube-system', names, directory: '/srv/registry' });
  expect(said).toContain('put the manifest of services back into /srv/registry, then: syncctl validate');
  expect(said).toContain('set it in the manifest of facts in /srv/registry, then: syncctl validate');
  expect(said.join('\n')).not.toContain('kubectl');
});

test('what is missing in a cluster is named as it is called there', () => {
  const said = remedies({ kind: 'kubernetes', namespace: 'apps', names, directory: undefined });
  expect(said).toContain('syncctl doctor, then: kubectl -n apps get configmap services');
  expect(said).toContain('kubectl -n apps edit configmap facts');
});
