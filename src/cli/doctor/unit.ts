import type { Check } from './check.ts';
import { findingsOf } from './finding.ts';

const { ok, skipped, warning, error } = findingsOf('unit');
const unit = 'sync-controller.service';

/** The systemd unit of the daemon is there and alive. */
export const unitCheck: Check = {
  name: 'unit',
  perNode: false,
  run: async ({ host, signal, daemon }) => {
    const shown = await host.exec(
      'systemctl',
      ['show', '-p', 'LoadState', '-p', 'ActiveState', '-p', 'SubState', '-p', 'NRestarts', unit],
      signal,
    );
    if (shown?.code !== 0) return [skipped(unit, 'systemd does not answer here')];
    const facts = new Map(
      shown.stdout.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
    );
    if (facts.get('LoadState') === 'not-found') {
      return [
        daemon === undefined
          ? warning(
              unit,
              'is not installed and no daemon runs',
              'sudo systemctl enable --now sync-controller, once deploy/sync-controller.service is installed',
            )
          : ok(unit, 'is not installed; a daemon runs without it'),
      ];
    }
    const state = facts.get('ActiveState') ?? 'unknown';
    if (state !== 'active')
      return [
        error(
          unit,
          `is ${state} (${facts.get('SubState') ?? '?'})`,
          'sudo systemctl restart sync-controller; syncctl logs -n 50',
        ),
      ];
    const restarts = Number(facts.get('NRestarts') ?? '0');
    return [
      restarts > 3
        ? warning(unit, `is active and was restarted ${String(restarts)} times`, 'syncctl logs -n 200')
        : ok(unit, 'is active'),
    ];
  },
};
