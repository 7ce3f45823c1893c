import { exitCodes } from '../../lib/errors.ts';
import { driftModes, type DriftMode } from '../../model/rollout.ts';
import type { CommandModule } from '../command.ts';
import { table } from '../output/table.ts';
import { wrongWord } from '../words.ts';

const undo: Readonly<Record<DriftMode, string>> = {
  correct: 'observe',
  observe: 'correct',
  freeze: 'correct',
};

export const command: CommandModule = {
  configure: (drift) => {
    drift
      .argument('<node>', 'name, address or id')
      .argument('<mode>', driftModes.join(', '))
      .option('--reason <text>', 'why, for the audit and for whoever looks at the node')
      .addHelpText(
        'after',
        '\ncorrect: what somebody else changed is repaired. observe: it is reported, and edits of the registries still come. freeze: nothing at all.',
      );
  },
  examples: [
    'syncctl drift contabo-vps observe --reason "debugging Traefik"',
    'syncctl drift contabo-vps correct',
  ],
  run: async (call) => {
    const word = call.need(1);
    const mode = driftModes.find((known) => known === word);
    if (mode === undefined)
      throw wrongWord(
        { place: 'mode', expected: `one of ${driftModes.join(', ')}`, remedy: 'choose one' },
        word,
      );
    const { steering } = await call.controller();
    const request = { node: call.need(0), mode, actor: call.actor(call.text('reason')) };
    const { rules } = await steering.drift(request);
    await call.print({
      value: { apiVersion: 'sync-controller/v1', kind: 'DriftRules', rules },
      table: () =>
        table(
          ['name', 'drift', 'since', 'by', 'why'],
          rules.map((rule) => [rule.name, rule.mode, rule.since, rule.who, rule.why ?? '']),
        ),
    });
    for (const { name } of rules)
      call.note('success', `Drift of ${name}: ${mode}; undo it with: syncctl drift ${name} ${undo[mode]}`);
    return exitCodes.ok;
  },
};
