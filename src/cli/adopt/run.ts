import { setTimeout as delay } from 'node:timers/promises';
import { isoSeconds } from '../../lib/clock.ts';
import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { PushReport } from '../../contract/report.ts';
import { AdoptionJournal } from '../../enrol/takeover/journal.ts';
import { revertSteps, runSteps, type StepTold } from '../../enrol/takeover/step.ts';
import { ownUnit, hasSystemd } from '../../enrol/setup/systemd.ts';
import type { Call } from '../call.ts';
import { apiVersion } from '../output/structured.ts';
import { gather, type AdoptionGround } from './ground.ts';
import { planReport, planText } from './report.ts';
import { mustBeAdoptable, stepsOf } from './steps.ts';

/** Shows the whole adoption and does nothing. */
export async function showAdoption(call: Call): Promise<number> {
  const ground = await gather(call);
  const journal = await journalOf(ground);
  const plan = planReport(ground, stepsOf(ground, journal.deeds));
  await call.print({ value: plan, table: () => planText(plan) });
  return exitCodes.ok;
}

/** Takes the cluster over: shows the plan, asks once, goes step by step, and proves it by a push. */
export async function adopt(call: Call): Promise<number> {
  const ground = await gather(call);
  const journal = await journalOf(ground);
  const isGoing = journal.stage === 'adopting' || journal.stage === 'adopted';
  if (!ground.settings.observeOnly && !isGoing)
    throw new SyncError(
      'conflict',
      'adopt: expected a controller that only observes, got one that may write already',
      {
        remedy: 'sudo syncctl init --takeover',
      },
    );
  await mustBeAdoptable(ground);
  const steps = stepsOf(ground, journal.deeds);
  if (journal.stage !== 'adopted') {
    const plan = planReport(ground, steps);
    await call.confirm('Adopt the cluster as it says here?', planText(plan).trimEnd().split('\n'));
  }
  const { clock } = call.context;
  await journal.start(isoSeconds(clock.now()), call.actor(call.text('reason')).who);
  await holdBack(call, ground, journal);
  const told = await runSteps(steps, journal, (one) => tell(call, one));
  const waiting = told.filter(({ result }) => result === 'waits');
  await journal.setStage('adopted');
  const push = await pushAdopted(call, ground, told);
  await call.print({
    value: { apiVersion, kind: 'AdoptionReport', undone: false, steps: told, push: push ?? null },
    table: () => '',
  });
  for (const { name, verified, cause, evidence, remedy } of push?.nodes ?? [])
    if (verified) call.note('success', `${name} is active: verified with what the registries say`);
    else call.note('error', `${name}: ${cause ?? 'not verified'}: ${evidence}; ${remedy ?? ''}`);
  if (waiting.length > 0)
    call.note('warn', `${String(waiting.length)} steps wait; when the nodes are back: sudo syncctl adopt`);
  if (!hasSystemd())
    call.note('info', 'systemd does not run here; the daemon is started with: syncctl daemon');
  call.note('info', 'To undo all of it: sudo syncctl adopt --undo');
  return waiting.length === 0 && (push?.failed ?? 0) === 0 ? exitCodes.ok : exitCodes.failure;
}

/** Takes an adoption back, the last step first; what cannot be taken back now waits for the next run. */
export async function undoAdoption(call: Call): Promise<number> {
  const ground = await gather(call);
  const journal = await journalOf(ground);
  const left = journal.deeds.filter(({ state }) => state !== 'undone');
  if (journal.stage === undefined || (journal.stage === 'undone' && left.length === 0)) {
    throw new SyncError('notFound', 'adopt --undo: expected an adoption, got none that was begun here', {
      remedy: 'syncctl adopt --dry-run',
    });
  }
  if (left.length > 0)
    await call.confirm(
      'Take the adoption back?',
      left.toReversed().map(({ what }) => `  undo: ${what}`),
    );
  await journal.setStage('undoing');
  const steps = [...stepsOf(ground, journal.deeds), ...(await goneSteps(ground, journal))];
  const told = await revertSteps(steps, journal, (one) => tell(call, one));
  const waiting = told.filter(({ result }) => result === 'waits');
  if (waiting.length === 0) await journal.setStage('undone');
  await call.print({
    value: { apiVersion, kind: 'AdoptionReport', undone: true, steps: told, push: null },
    table: () => '',
  });
  call.note(
    'info',
    `Our own objects stay, with the cluster's id and epoch: sync-controller-term, ${ground.settings.source.ownPrefix}-status-0`,
  );
  if (waiting.length > 0) call.note('warn', 'some steps wait; run it again: sudo syncctl adopt --undo');
  return waiting.length === 0 ? exitCodes.ok : exitCodes.failure;
}

function journalOf({ settings }: AdoptionGround): Promise<AdoptionJournal> {
  return AdoptionJournal.open(settings.daemon.stateDirectory);
}

/** Entry points of a checkout that is gone, or that calls us already, are known by the journal alone. */
async function goneSteps(ground: AdoptionGround, journal: AdoptionJournal) {
  const { entryStep } = await import('../../enrol/takeover/machine-steps.ts');
  const known = new Set(stepsOf(ground, journal.deeds).map(({ id }) => id));
  return journal.deeds
    .filter(({ id }) => id.startsWith('entry ') && !known.has(id))
    .map(({ id }) =>
      entryStep({ path: id.slice('entry '.length), name: '', becomes: 'disarmed', replaced: true }),
    );
}

function tell(call: Call, { what, result, remark, undo }: StepTold): void {
  const because = remark === null ? '' : `: ${remark}`;
  if (result === 'was-so') return;
  if (result === 'waits') call.note('warn', `${what}: waits${because}`);
  else call.note('success', `${result === 'undone' ? 'undone: ' : ''}${what}${because}`);
  if (undo !== null && result === 'done') call.note('info', `To undo: ${undo}`);
}

/** A node that is away now must not be pushed to before what it holds was kept. */
async function holdBack(
  call: Call,
  { nodes, settings }: AdoptionGround,
  journal: AdoptionJournal,
): Promise<void> {
  const silent = nodes.filter(
    ({ seen, node }) => !seen.ok && journal.of(`node ${node.id}`)?.state !== 'done',
  );
  if (silent.length === 0) return;
  const controller = await call.context.openController(settings);
  try {
    for (const { node } of silent)
      await controller.pause(node.id, call.actor('not adopted yet: its old files are not kept'));
  } finally {
    await controller.close();
  }
}

/** The proof of an adoption is a push as every other, by the controller that may write from now on. */
async function pushAdopted(
  call: Call,
  { nodes }: AdoptionGround,
  told: readonly StepTold[],
): Promise<PushReport | undefined> {
  const settings = await call.loadSettings();
  const isDone = (id: string): boolean =>
    told.some(({ step, result }) => step === `node ${id}` && result !== 'waits');
  const adopted = nodes.filter(({ node }) => isDone(node.id));
  if (adopted.length === 0) return undefined;
  await untilUp(call);
  const controller = await call.context.openController(settings);
  try {
    const actor = call.actor(call.text('reason') ?? 'adopted');
    const held = (await controller.status()).holds ?? [];
    // It was away before, and has been adopted now.
    for (const { node } of adopted)
      if (held.some(({ scope, why }) => scope === node.id && why?.startsWith('not adopted yet') === true))
        await controller.resume(node.id, actor);
    return await controller.push({ nodes: adopted.map(({ node }) => node.id), takeOver: false, actor });
  } finally {
    await controller.close();
  }
}

/** A unit that was just restarted answers once it has read its registries. */
async function untilUp(call: Call): Promise<void> {
  if (!hasSystemd()) return;
  const { connectDaemon } = await import('../../contract/client.ts');
  const { socket } = (await call.settings()).daemon;
  for (let tries = 0; tries < 150; tries += 1) {
    const daemon = await connectDaemon(socket).catch(() => undefined);
    if (daemon !== undefined) {
      await daemon.close();
      return;
    }
    await delay(200, undefined, { signal: call.context.signal });
  }
  throw new SyncError('unavailable', `${ownUnit}: expected it to answer within 30 s, got nothing`, {
    remedy: 'syncctl logs -n 50, then: sudo syncctl adopt',
  });
}
