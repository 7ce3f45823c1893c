import { exitCodes, messageOf } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { ControllerStatus } from '../../contract/report.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { byWay, type DoctorGround } from '../doctor/check.ts';
import type { DoctorFinding, Level } from '../doctor/finding.ts';
import { thisHost } from '../doctor/host.ts';
import { checks, examine } from '../doctor/index.ts';
import { doctorReport } from '../doctor/report.ts';
import { lookOf, marked, type Mark } from '../output/tags.ts';
import { pickNode } from '../pick.ts';
import { readRegistries } from '../registries.ts';
import { counted } from '../words.ts';

const marks: Readonly<Record<Level, Mark>> = {
  ok: 'success',
  skipped: 'info',
  hint: 'info',
  warning: 'warn',
  error: 'error',
};

export const command: CommandModule = {
  configure: (doctor) => {
    doctor
      .argument('[node]', 'one node; this machine, the cluster and all nodes when left out')
      .option('--all', 'what is well, too')
      .addHelpText(
        'after',
        '\nLooks and never writes. Exit codes: 0 no errors (warnings are told), 1 at least one error.',
      );
  },
  examples: ['syncctl doctor', 'syncctl doctor contabo-vps --all', 'syncctl doctor -o json'],
  run: async (call) => {
    const ground = await groundOf(call);
    const findings = await examine(
      checks.filter((check) => call.word(0) === undefined || check.perNode),
      ground,
    );
    const report = doctorReport(findings);
    const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
    // What could be better is for who looks at one node; a fleet has it a thousand times.
    const told = new Set<Level>([
      'error',
      'warning',
      ...(call.word(0) === undefined ? [] : (['hint'] as const)),
    ]);
    await call.print({
      value: report,
      table: () =>
        [
          ...findings
            .filter(({ level }) => call.flag('all') || told.has(level))
            .map((finding) => line(call, finding)),
          `${counted(report.errors, 'error')}, ${counted(report.warnings, 'warning')}, ${String(count('ok'))} well, ${String(count('skipped'))} not looked at`,
          '',
        ].join('\n'),
    });
    return report.errors === 0 ? exitCodes.ok : exitCodes.failure;
  },
};

function line(call: Call, { check, subject, level, message, remedy }: DoctorFinding): string {
  const look = lookOf(call.context.stdout, call.context.env, call.globals.color === false);
  return marked(
    marks[level],
    printable(`${check}: ${subject}: ${message}${remedy === null ? '' : `; ${remedy}`}`),
    look,
  );
}

async function groundOf(call: Call): Promise<DoctorGround> {
  const { context } = call;
  const settings = await call.settings();
  const registries = await readRegistries(call);
  const ports = await call.keep(context.openDoctor(settings));
  const all = registries.snapshot?.nodes ?? new Map();
  const word = call.word(0);
  const nodes = word === undefined ? [...all.values()] : [pickNode(word, all)];
  const { clock, uid, signal } = context;
  return {
    settings,
    registries,
    snapshot: registries.snapshot,
    ...byWay(nodes),
    ...(await daemonOf(call, settings.daemon.socket)),
    ports,
    host: context.host ?? thisHost,
    clock,
    uid,
    signal,
  };
}

async function daemonOf(
  call: Call,
  socket: string,
): Promise<{ daemon: ControllerStatus | undefined; daemonFailure: string | undefined }> {
  const { connectDaemon } = await import('../../contract/client.ts');
  try {
    const daemon = await connectDaemon(socket);
    if (daemon !== undefined) await call.keep(Promise.resolve(daemon));
    return { daemon: await daemon?.status(), daemonFailure: undefined };
  } catch (error) {
    return { daemon: undefined, daemonFailure: messageOf(error) };
  }
}
