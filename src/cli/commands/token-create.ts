import { isoSeconds, systemClock } from '../../lib/clock.ts';
import { exitCodes } from '../../lib/errors.ts';
import { tokenNameExpected, tokenNameForm, tokenRoles } from '../../model/token.ts';
import type { CommandModule } from '../command.ts';
import { secondsOf } from '../durations.ts';
import { apiVersion } from '../output/structured.ts';
import { wrongWord } from '../words.ts';

const longest = 3_650 * 86_400;

export const command: CommandModule = {
  configure: (create) => {
    create
      .argument('<name>', 'the name that the audit will show')
      .requiredOption('--role <role>', tokenRoles.join(', '))
      .option('--for <duration>', 'it ends by itself after this long: 12h, 90d')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nviewer: reads. operator: pushes, pauses, freezes, steers rollouts. admin: also approves, unpins, takes over, removes nodes.\nThe secret is printed once, alone on standard output, and kept nowhere.',
      );
  },
  examples: ['syncctl token create ada --role admin', 'syncctl token create grafana --role viewer --for 90d'],
  run: async (call) => {
    const name = call.need(0);
    if (!tokenNameForm.test(name))
      throw wrongWord(
        {
          place: 'name',
          expected: tokenNameExpected,
          remedy: 'such as ada or grafana',
        },
        name,
      );
    const word = call.text('role') ?? '';
    const role = tokenRoles.find((known) => known === word);
    if (role === undefined)
      throw wrongWord(
        { place: '--role', expected: `one of ${tokenRoles.join(', ')}`, remedy: 'choose one' },
        word,
      );
    const span = call.text('for');
    const expires = span === undefined ? undefined : endOf(span);
    const { tokens } = await call.controller();
    const made = await tokens.mint({ name, role, expires, actor: call.actor(call.text('reason')) });
    await call.print({
      value: { apiVersion, kind: 'Token', ...made },
      table: () => made.secret,
    });
    const until = made.token.expires === null ? '' : ` until ${made.token.expires}`;
    call.note('success', `${name} may use the API as ${role}${until}; the secret above is shown this once`);
    call.note('info', `To undo: syncctl token revoke ${name}`);
    return exitCodes.ok;
  },
};

function endOf(span: string): string {
  return isoSeconds(systemClock.now() + secondsOf(span, '--for', { least: 60, most: longest }) * 1_000);
}
