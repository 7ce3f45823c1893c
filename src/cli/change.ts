import type { HeldRemoval } from '../model/plan.ts';
import type { EditEffect } from '../plan/edit-effect.ts';
import type { Finding, Snapshot } from '../model/snapshot.ts';
import { exitCodes, SyncError } from '../lib/errors.ts';
import { isoSeconds } from '../lib/clock.ts';
import type { Step } from '../registry/operations/step.ts';
import type { Command } from 'commander';
import type { Call } from './call.ts';
import { carryApproval } from './approval.ts';
import { inForce } from './desired.ts';
import { Progress, listed } from './output/progress.ts';
import { apiVersion } from './output/structured.ts';
import { needRegistries, needStatus, type Registries } from './registries.ts';

/** What a command wants to change in the registries. */
export interface Change {
  /** What it comes to, in the past tense: `demo is public`. */
  readonly done: string;
  readonly steps: readonly Step[];
  /** True where the command asks even if the guard would not mind. */
  readonly ask?: boolean;
  /** What else it means, shown before somebody says yes. */
  readonly details?: readonly string[];
  /** The reason as the history keeps it; else the one of the command line. */
  readonly reason?: string;
}

/** The registries before the change, and the moment it is made. */
export interface Ground extends Registries {
  readonly snapshot: Snapshot;
  readonly now: string;
}

/** Options of every command that edits the registries. */
export function addChangeOptions(command: Command): void {
  command
    .option('--dry-run', 'show what would change and write nothing')
    .option('--push', 'bring it to the nodes at once, also without a daemon')
    .option('--yes', 'do not ask before something is withdrawn')
    .option('--reason <text>', 'why, for the audit');
}

/**
 * Makes one change of the registries: shows what it withdraws, refuses what would be set aside, writes, and carries its own
 * approval where the guard would hold it. @returns the exit code.
 */
export async function change(
  call: Call,
  decide: (ground: Ground) => Change | Promise<Change>,
): Promise<number> {
  const { needOneSource } = await import('./several.ts');
  await needOneSource(call);
  const registries = await needRegistries(call);
  const ground = { ...registries, now: isoSeconds(call.context.clock.now()) };
  const wanted = await decide(ground);
  const effect = await effectOf(call, ground, wanted);
  refuse(effect.flaw);
  for (const host of effect.lost)
    call.note('warn', effect.kept.has(host) ? `Withdraws ${host} from some VPS` : `Withdraws ${host}`);
  for (const host of effect.gained) call.note('info', `Serves ${host}`);
  const reasons = effect.held.map(
    ({ reason, names }) => `The guard would hold this: ${reason} (${listed(names)})`,
  );
  const dryRun = call.flag('dryRun');
  if (!dryRun && (reasons.length > 0 || wanted.ask === true))
    await call.confirm('Write the change?', [...(wanted.details ?? []), ...reasons]);
  const { writeSteps } = await import('./write.ts');
  const written = !dryRun && (await writeSteps(call, wanted.steps, wanted.reason));
  if (written && effect.held.length > 0) await carryApproval(call, effect.held);
  if (dryRun) for (const line of wanted.details ?? []) call.note('info', line);
  await tell(call, { ...effect, done: wanted.done, dryRun, written });
  if (written) await tellUndo(call, ground, wanted);
  return written && call.flag('push') ? pushAll(call) : exitCodes.ok;
}

async function tellUndo(call: Call, ground: Ground, { steps }: Change): Promise<void> {
  const { undoOf } = await import('./undo.ts');
  const line = await undoOf(call, ground, steps);
  if (line !== undefined) call.note('info', `To undo: ${line}`);
}

interface Effect extends EditEffect {
  /** The first entry that would be set aside. */
  readonly flaw: Finding | undefined;
  /** Names that some VPS serves afterwards. */
  readonly kept: ReadonlySet<string>;
}

async function effectOf(call: Call, ground: Ground, { steps }: Change): Promise<Effect> {
  const [{ newFlaw, previewed }, { openEdit }, { servedHosts }, { editEffect }, { applyGuard }] =
    await Promise.all([
      import('../registry/operations/step.ts'),
      import('../registry/sealed/open-edit.ts'),
      import('../plan/public-hosts.ts'),
      import('../plan/edit-effect.ts'),
      import('../plan/guard.ts'),
    ]);
  const before = ground.snapshot;
  await openEdit(ground.objects, steps);
  const after = previewed(ground.objects, steps, before);
  // What is in force of several sources is more than the one that is edited.
  const base = (call.globals.source === undefined ? await inForce(call) : undefined) ?? before;
  const limits = (await call.settings()).guard;
  const heldBy = (snapshot: Snapshot): readonly HeldRemoval[] =>
    applyGuard(base, snapshot, new Set(), limits).held;
  return {
    ...editEffect(before, after, heldBy),
    flaw: newFlaw(before.findings, after.findings),
    kept: servedHosts(after),
  };
}

/** Nothing that the reader would set aside is ever written by us. */
function refuse(flaw: Finding | undefined): void {
  if (flaw !== undefined)
    throw new SyncError('data', `${flaw.path}: ${flaw.message}; nothing was written`, {
      // Not the registry is to be corrected, but the words of this command.
      remedy: flaw.remedy.startsWith('correct it in ') ? 'correct it and try again' : flaw.remedy,
    });
}

async function tell(
  call: Call,
  told: Effect & { readonly done: string; readonly dryRun: boolean; readonly written: boolean },
): Promise<void> {
  const { done, dryRun, written, lost, gained, held } = told;
  await call.print({
    value: {
      apiVersion,
      kind: 'ChangeReport',
      summary: done,
      changed: written,
      dryRun,
      hostsAdded: gained,
      hostsRemoved: lost,
      held,
    },
    table: () => '',
  });
  if (dryRun) call.note('info', `Dry run: ${done}; nothing was written`);
  else call.note('success', written ? done : `${done}: it was so already`);
  if (written && !call.flag('push') && !(await daemonRuns(call)))
    call.note('info', 'No daemon runs: bring it to the nodes with: syncctl push');
}

async function daemonRuns(call: Call): Promise<boolean> {
  const { connectDaemon } = await import('../contract/client.ts');
  const daemon = await connectDaemon((await call.settings()).daemon.socket).catch(() => undefined);
  return daemon !== undefined;
}

async function pushAll(call: Call): Promise<number> {
  const controller = await call.controller();
  // The controller looks at the registries anew before it plans: what is pushed is what was just written.
  await controller.plan({ nodes: undefined, offline: true });
  const progress = new Progress(call, await needStatus(controller));
  const report = await progress.until(
    controller.push(
      { nodes: undefined, takeOver: false, actor: call.actor(call.text('reason')) },
      progress.onNode,
    ),
  );
  return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
}
