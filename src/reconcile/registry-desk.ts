import type { Actor } from '../contract/controller.ts';
import type {
  EditPreview,
  RegistryDesk,
  RollbackReport,
  RollbackRequest,
  ValidationReport,
} from '../contract/registry-routes.ts';
import { SyncError } from '../lib/errors.ts';
import type { RegistryTexts } from '../model/registry-texts.ts';
import type { Finding } from '../model/snapshot.ts';
import { editEffect } from '../plan/edit-effect.ts';
import { changesOf, editsTo, readGround, type EditGround, type Edits } from './edit-ground.ts';
import type { Engine } from './engine.ts';
import { writeNoted } from './noted-write.ts';
import { shareName, textsNamed, unknownRevision, type NamedTexts } from './revision-words.ts';
import { rollbackEdits } from './rollback-edits.ts';

const apiVersion = 'sync-controller/v1';

/** What can be asked of the registries themselves, over the engine that follows them. */
export class EngineRegistryDesk implements RegistryDesk {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  validation(): Promise<ValidationReport> {
    const { snapshot, sourceState, reason, remedy } = this.#engine.parts.registry.current();
    const unreadable =
      sourceState === 'fresh' && reason === undefined
        ? null
        : { reason: reason ?? 'it was not read yet', remedy: remedy ?? null };
    return Promise.resolve({
      ...{ apiVersion, kind: 'ValidationReport', unreadable },
      ...this.#findings(snapshot?.findings ?? [], unreadable === null),
    });
  }

  async preview(texts: RegistryTexts): Promise<EditPreview> {
    const ground = await readGround(this.#engine);
    const { after, flaw: _flaw, ...effect } = await this.#effect(ground, editsTo(texts, ground));
    return {
      ...{ apiVersion, kind: 'EditPreview', unreadable: null },
      ...this.#findings(after.findings, true),
      ...effect,
    };
  }

  async rollback(request: RollbackRequest): Promise<RollbackReport> {
    const { revision: word, only, dryRun, approve, actor } = request;
    const why = reasonOf(actor);
    const named = await this.#textsNamed(word);
    const ground = await readGround(this.#engine);
    const { place, steps } = rollbackEdits({ ...named, word }, ground.places, only);
    const { after: _after, flaw, ...effect } = await this.#effect(ground, new Map([[place.share, steps]]));
    const { number } = named;
    const report = {
      ...({ apiVersion, kind: 'RollbackReport', revision: number, dryRun } as const),
      ...(place.share === undefined ? {} : { source: place.share }),
      ...effect,
    };
    if (flaw !== undefined)
      throw new SyncError('data', `${flaw.path}: ${flaw.message}; nothing was written`, {
        remedy: flaw.remedy,
      });
    if (dryRun || steps.length === 0) return { ...report, changed: false };
    const [held] = effect.held;
    if (held !== undefined && !approve)
      throw new SyncError('conflict', `rollback: expected an approval, got none: ${held.reason}`, {
        remedy: 'see what goes with dryRun, then ask again with approve',
      });
    const { decisions } = this.#engine.parts;
    for (const { hash } of effect.held) await decisions.approve(hash, actor);
    const name = shareName(place.share, `R${String(number)}`);
    await decisions.audit(actor, 'rollback', `to ${name}`);
    const by = { who: actor.who, reason: `rollback to ${name}: ${why}` };
    const changed = await writeNoted({ ...this.#engine.parts, ...place }, steps, by).finally(() =>
      this.#engine.refresh().catch(() => undefined),
    );
    return { ...report, changed };
  }

  async #textsNamed(word: string): Promise<NamedTexts> {
    const { history } = this.#engine.parts;
    if (history === undefined) throw unknownRevision(word);
    return textsNamed(history.reader, word);
  }

  async #effect(ground: EditGround, edits: Edits) {
    const { fleet } = this.#engine.parts;
    const before = ground.snapshot;
    const { snapshot: after, flaw } = await ground.after(edits);
    const { lost, gained, held } = editEffect(before, after, (snapshot) => fleet.heldBy(snapshot));
    return {
      after,
      flaw,
      changes: [...changesOf(ground, edits)],
      hostsAdded: [...gained],
      hostsRemoved: [...lost],
      held: held.map(({ hash, reason, names }) => ({ hash, reason, names: [...names] })),
    };
  }

  #findings(findings: readonly Finding[], readable: boolean) {
    const { kind, location } = this.#engine.parts.source.health();
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    return {
      source: { kind, location },
      valid: readable && errors === 0,
      errors,
      warnings: findings.length - errors,
      findings: [...findings],
    };
  }
}

function reasonOf({ reason }: Actor): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new SyncError('usage', 'rollback: expected a reason, got none', {
    remedy: 'say why in actor.reason: whoever finds it in the history wants to know',
  });
}
