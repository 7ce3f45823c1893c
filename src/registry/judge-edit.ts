import type { Finding, RawObject, RegistryObject, Snapshot } from '../model/snapshot.ts';
import { placesAdded } from './findings-added.ts';
import type { ParseRegistries } from './last-good.ts';

/** An edit of one registry object, as it is about to be saved. */
export interface Edit {
  /** Undefined where the object is new. */
  readonly before: RawObject | undefined;
  readonly after: RawObject;
}

/** Against what an edit is held. */
export interface JudgeGround {
  readonly parse: ParseRegistries;
  /** The registries as they were last read; empty where they never were. */
  readonly objects: ReadonlyMap<RegistryObject, RawObject>;
  readonly lastGood: Snapshot | undefined;
}

export interface Judgement {
  /** Errors that the edit brings; without any it is sound. */
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** False where nothing that decides anything differs: other formatting, our own statuses and annotations. */
  readonly matters: boolean;
}

/**
 * Judges an edit by what it adds: what was wrong before does not speak against an edit that leaves it as it is. A key that cannot be read at
 * all is always wrong where the edit has touched it. Pure.
 */
export function judgeEdit({ before, after }: Edit, { parse, objects, lastGood }: JudgeGround): Judgement {
  const others = [...objects].filter(([name]) => name !== after.name);
  const was = parse(new Map(before === undefined ? others : [...others, [before.name, before]]), lastGood);
  const is = parse(new Map([...others, [after.name, after]]), lastGood);
  const spoiled = is.findings.filter((finding) => isSpoiled(finding, before, after));
  const rest = is.findings.filter(
    (finding) => !spoiled.includes(finding) && !isToCome(finding, before, after),
  );
  const added = [...spoiled, ...placesAdded(was.findings, rest).added];
  return {
    errors: added.filter(({ severity }) => severity === 'error'),
    warnings: added.filter(({ severity }) => severity === 'warning'),
    matters: sayingOf(was) !== sayingOf(is),
  };
}

/** A finding at a key itself means that nothing of it could be read. */
function isSpoiled(finding: Finding, before: RawObject | undefined, after: RawObject): boolean {
  const key = wholeKey(finding, after);
  return key !== undefined && valueOf(before, key) !== valueOf(after, key);
}

/** An object is often made with one key, and filled with the others after it. */
function isToCome(finding: Finding, before: RawObject | undefined, after: RawObject): boolean {
  const key = wholeKey(finding, after);
  return key !== undefined && valueOf(before, key) === undefined && valueOf(after, key) === undefined;
}

function wholeKey({ severity, path }: Finding, { name }: RawObject): string | undefined {
  const key = path.startsWith(`${name}/`) ? path.slice(name.length + 1) : '';
  return severity !== 'error' || key === '' || key.includes('/') ? undefined : key;
}

function valueOf(object: RawObject | undefined, key: string): string | undefined {
  return object !== undefined && Object.hasOwn(object.data, key) ? object.data[key] : undefined;
}

function sayingOf({ digest, paused, findings }: Snapshot): string {
  return JSON.stringify([digest, paused, findings]);
}
