import { isoSeconds } from '../../lib/clock.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { momentOf, secondsOf } from '../durations.ts';
import { freezeScope } from '../freeze-scope.ts';
import { table } from '../output/table.ts';
import { reasonOf, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (freeze) => {
    freeze
      .argument('[nodes...]', 'names, addresses or ids')
      .option('--type <type>', 'all nodes of a type')
      .option('--all', 'everything')
      .option('--from <time>', 'when it begins: a date, or a date with a time; now when left out')
      .option('--until <time>', 'when it ends: a date, or a date with a time')
      .option('--for <duration>', 'how long it holds: 30m, 2h, 3d')
      .requiredOption('--reason <text>', 'why, for the audit and for whoever finds it frozen')
      .addHelpText(
        'after',
        '\nNothing is written to what is frozen; it is brought up to date when the time is over.',
      );
  },
  examples: [
    'syncctl freeze --type vps --for 2h --reason "sale"',
    'syncctl freeze --all --from 2026-12-23T18:00 --until 2026-12-27 --reason "holidays"',
    'syncctl freeze contabo-vps --for 30m --reason "kernel upgrade"',
  ],
  run: async (call) => {
    const actor = call.actor(reasonOf(call.text('reason')));
    const scope = freezeScope(call, 'freeze');
    const start = call.text('from');
    const from = start === undefined ? undefined : momentOf(start, '--from');
    const until = endOf(call, from);
    const { holds } = await (
      await call.controller()
    ).steering.freeze({ scope, ...(from === undefined ? {} : { from }), until, actor });
    await call.print({
      value: { apiVersion: 'sync-controller/v1', kind: 'HoldList', holds },
      table: () =>
        table(
          ['frozen', 'from', 'until', 'by', 'why'],
          holds.map((hold) => [
            hold.what,
            hold.from ?? hold.since,
            hold.until ?? '',
            hold.who,
            hold.why ?? '',
          ]),
        ),
    });
    for (const { what, from: begins, until: end, end: command_ } of holds)
      call.note(
        'success',
        `${what}: frozen ${typeof begins === 'string' ? `from ${begins} ` : ''}until ${end ?? 'somebody ends it'}; end it sooner with: ${command_}`,
      );
    return exitCodes.ok;
  },
};

function endOf(call: Call, from: string | undefined): string {
  const [until, span] = [call.text('until'), call.text('for')];
  if ((until === undefined) === (span === undefined))
    throw wrongWord(
      { place: '--until', expected: 'an end: --until or --for', remedy: 'such as --for 2h' },
      until === undefined ? undefined : 'both',
    );
  if (until !== undefined) return momentOf(until, '--until');
  const seconds = secondsOf(span ?? '', '--for', { least: 1, most: 366 * 86_400 });
  const begins = from === undefined ? call.context.clock.now() : Date.parse(from);
  return isoSeconds(begins + seconds * 1_000);
}
