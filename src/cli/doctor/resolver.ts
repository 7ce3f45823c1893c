import type { Check } from './check.ts';
import { findingsOf } from './finding.ts';

const { ok, warning, skipped } = findingsOf('resolver');
const path = '/etc/nsswitch.conf';

/** On this machine names are looked for in /etc/hosts before the DNS. On nodes the look itself proves it. */
export const resolverCheck: Check = {
  name: 'resolver',
  perNode: false,
  run: async ({ host }) => {
    const text = await host.read(path);
    const order = /^hosts:\s*([^#\n]*)/mu
      .exec(text ?? '')?.[1]
      ?.trim()
      .split(/\s+/u);
    if (order === undefined) return [skipped(path, 'has no hosts line, or is not there')];
    const [files, others] = [
      order.indexOf('files'),
      order.findIndex((word) => word === 'dns' || word === 'resolve'),
    ];
    if (files < 0)
      return [
        warning(
          path,
          `does not read /etc/hosts: ${order.join(' ')}`,
          `put "files" first in the hosts line of ${path}`,
        ),
      ];
    if (others >= 0 && others < files)
      return [
        warning(
          path,
          `asks ${order[others] ?? ''} before /etc/hosts`,
          `put "files" first in the hosts line of ${path}`,
        ),
      ];
    return [ok(path, `reads /etc/hosts first: ${order.join(' ')}`)];
  },
};
