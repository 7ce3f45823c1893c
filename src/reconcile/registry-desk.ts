import type { Actor } from '../contract/controller.ts';
import type {
  EditPreview,
  RegistryDesk,
  RollbackReport,
  RollbackRequest,
  ValidationReport,
} from '../contract/registry-routes.ts';
import { SyncError } from '../lib/errors.ts';
import { registryChanges } from '../model/registry-changes.ts';
import { splitPath, textsOf, type RegistryTexts } from '../model/registry-texts.ts';
import { registryObjects, type Finding, type Snapshot } from '../model/snapshot.ts';
import { lostHosts } from '../plan/public-hosts.ts';
import { rollbackSteps } from '../registry/operations/rollback.ts';
import { newFlaw, previewed, textsAfter, type RawObjects, type Step } from '../registry/operations/step.ts';
import { openSealed } from '../registry/sealed/opened.ts';
import type { Engine } from './engine.ts';
import { unknownRevision } from './history-reader.ts';
import { objectsOf } from './past.ts';
import { writeNoted } from './noted-write.ts';

interface Read {
  readonly objects: RawObjects;
  readonly snapshot: Snapshot;
}

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
      sourceState === 'fresh' ? null : { reason: reason ?? 'it was not read yet', remedy: remedy ?? null };
    return Promise.resolve({
      ...{ apiVersion, kind: 'ValidationReport', unreadable },
      ...this.#findings(snapshot?.findings ?? [], unreadable === null),
    });
  }

  async preview(texts: RegistryTexts): Promise<EditPreview> {
    const read = await this.#read();
    const steps = Object.entries(texts).map(([path, text]) => stepOf(path, text));
    await openAfter(read, steps);
    const { after, ...effect } = this.#effect(read, steps);
    return {
      ...{ apiVersion, kind: 'EditPreview', unreadable: null },
      ...this.#findings(after.findings, true),
      ...effect,
    };
  }

  async rollback(request: RollbackRequest): Promise<RollbackReport> {
    const { revision: word, only, dryRun, approve, actor } = request;
    const why = reasonOf(actor);
    const { number, texts } = await this.#textsNamed(word);
    const read = await this.#read();
    const steps = rollbackSteps(texts, read.objects, only);
    await openAfter(read, steps);
    const { after, ...effect } = this.#effect(read, steps);
    const report = { apiVersion, kind: 'RollbackReport', revision: number, dryRun, ...effect } as const;
    const flaw = newFlaw(read.snapshot.findings, after.findings);
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
    const name = `R${String(number)}`;
    await decisions.audit(actor, 'rollback', `to ${name}`);
    const by = { who: actor.who, reason: `rollback to ${name}: ${why}` };
    const changed = await writeNoted(this.#engine.parts, steps, by).finally(() =>
      this.#engine.refresh().catch(() => undefined),
    );
    return { ...report, changed };
  }

  async #textsNamed(word: string): Promise<{ readonly number: number; readonly texts: RegistryTexts }> {
    const { history } = this.#engine.parts;
    if (history === undefined) throw unknownRevision(word);
    const { reader } = history;
    const { number } = await reader.revision(word);
    const found = await reader.revisionTexts(number);
    if (found === undefined) throw unknownRevision(word);
    return found;
  }

  /** The registries as they are now: what is previewed and written stands on nothing older. */
  async #read(): Promise<Read> {
    if (this.#engine.parts.registry.shares !== undefined)
      throw new SyncError('unavailable', 'registries: expected one source to edit, got several', {
        remedy: 'syncctl rollback --source, or edit them where they are',
      });
    await this.#engine.refresh();
    const { snapshot, objects, sourceState, reason, remedy } = this.#engine.parts.registry.current();
    if (sourceState === 'fresh' && snapshot !== undefined && objects !== undefined)
      return { snapshot, objects };
    throw new SyncError(
      'unavailable',
      `registries: expected a readable source, got: ${reason ?? 'nothing'}`,
      {
        ...(remedy === undefined ? {} : { remedy }),
      },
    );
  }

  #effect({ objects, snapshot: before }: Read, steps: readonly Step[]) {
    const { fleet } = this.#engine.parts;
    const [was, is] = [textsOf(objects.values()), textsAfter(objects, steps)];
    const after = previewed(objects, steps, before);
    const known = new Set(fleet.heldBy(before).map(({ hash }) => hash));
    const held = fleet.heldBy(after).filter(({ hash }) => !known.has(hash));
    return {
      after,
      changes: [...registryChanges(was, is)],
      hostsAdded: [...lostHosts(after, before).lost],
      hostsRemoved: [...lostHosts(before, after).lost],
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

/** Sealed values that an edit would bring are opened before it is judged. */
async function openAfter({ objects }: Read, steps: readonly Step[]): Promise<void> {
  await openSealed(objectsOf(textsAfter(objects, steps)).values());
}

function stepOf(path: string, text: string): Step {
  const { object: name, key } = splitPath(path);
  const object = registryObjects.find((known) => known === name);
  if (object === undefined) throw new SyncError('usage', `preview: expected a registry, got ${path}`);
  return { object, key, edit: () => text };
}

function reasonOf({ reason }: Actor): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new SyncError('usage', 'rollback: expected a reason, got none', {
    remedy: 'say why in actor.reason: whoever finds it in the history wants to know',
  });
}
