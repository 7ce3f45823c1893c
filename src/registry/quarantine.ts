import { printable } from '../lib/text.ts';
import { sealedMark, veil } from '../lib/veil.ts';
import type { Finding, RegistryObject } from '../model/snapshot.ts';
import type { Grammar } from './grammar.ts';
import { isLocked, judged, lockedReason, SealedText } from './sealed/sealed-text.ts';

/** An object of unknown fields, as JSON gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** True for a JSON object; arrays, null and sealed texts are none. */
export function isRow(value: unknown): value is Row {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof SealedText)
  );
}

/** A field of a row; names of Object's prototype are no fields. */
export function fieldOf(row: Row, field: string): unknown {
  return Object.hasOwn(row, field) ? row[field] : undefined;
}

/** A value as a message quotes it: printable, short, on one line. */
export function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof SealedText) return sealedMark;
  const text = Array.isArray(value) ? 'a list' : isRow(value) ? 'an object' : JSON.stringify(value);
  const safe = printable(text);
  return safe.length > 60 ? `${safe.slice(0, 57)}…` : safe;
}

/** A place in a registry, and the list that collects what is found there. */
export class Place {
  private readonly findings: Finding[];
  private readonly object: RegistryObject;
  private readonly path: string;

  constructor(findings: Finding[], object: RegistryObject, path: string = object) {
    this.findings = findings;
    this.object = object;
    this.path = path;
  }

  /** The place of a part of this one, escaped as in a JSON pointer. */
  at(part: string | number): Place {
    const line = printable(String(part).toWellFormed()).replaceAll(/[^\S ]/gu, '\ufffd');
    const text = line.replaceAll('~', '~0').replaceAll('/', '~1');
    return new Place(
      this.findings,
      this.object,
      `${this.path}/${text.length > 80 ? `${text.slice(0, 77)}…` : text}`,
    );
  }

  /** Something is set aside, or a last good state is kept. */
  error(message: string, remedy?: string): void {
    this.add('error', message, remedy);
  }

  /** Something is read with a reservation. */
  warn(message: string, remedy?: string): void {
    this.add('warning', message, remedy);
  }

  /** The one sentence of a refused value. */
  refuse(expected: string, value: unknown, kept = ''): void {
    this.error(`expected ${expected}, got ${excerpt(value)}${kept === '' ? '' : `; ${kept}`}`);
  }

  /** A sealed value that cannot be opened: nobody knows what it says, so what was good before stays. */
  locked(value: unknown): void {
    const message = `expected a sealed value that can be opened, got one that cannot: ${lockedReason(value)}`;
    this.error(message, 'syncctl secret check');
  }

  private add(severity: Finding['severity'], message: string, remedy: string | undefined): void {
    this.findings.push({
      severity,
      path: this.path,
      message: veil(message),
      remedy: veil(remedy ?? `correct it in ${this.object}, then: syncctl validate`),
    });
  }
}

/** Reads the fields of one entry. An entry with a refused required field is set aside; the reader remembers that. */
export class EntryReader {
  private readonly place: Place;
  private readonly row: Row;
  private spoiled = false;

  constructor(place: Place, row: Row) {
    this.place = place;
    this.row = row;
  }

  /** True when a field that the entry cannot do without was refused. */
  get failed(): boolean {
    return this.spoiled;
  }

  /** A field the entry cannot do without. */
  required<T>(field: string, grammar: Grammar<T>): T | undefined {
    return this.read(field, fieldOf(this.row, field), grammar);
  }

  /** A field that may be absent or null; a wrong value sets the entry aside. */
  optional<T>(field: string, grammar: Grammar<T>): T | undefined {
    const value = fieldOf(this.row, field);
    return value === undefined || value === null || value === ''
      ? undefined
      : this.read(field, value, grammar);
  }

  /** A field that decides nothing: a wrong value is reported and treated as absent. */
  lenient<T>(field: string, grammar: Grammar<T>): T | undefined {
    const value = fieldOf(this.row, field);
    if (value === undefined || value === null || value === '') return undefined;
    // What a locked value says may matter to somebody: the entry stays as it last was.
    if (isLocked(value)) {
      this.lock(field, value);
      return undefined;
    }
    const verdict = judged(grammar, value);
    if (verdict.ok) return verdict.value;
    this.place.at(field).warn(`expected ${verdict.expected}, got ${excerpt(value)}; the field is ignored`);
    return undefined;
  }

  private read<T>(field: string, value: unknown, grammar: Grammar<T>): T | undefined {
    if (isLocked(value)) {
      this.lock(field, value);
      return undefined;
    }
    const verdict = judged(grammar, value);
    if (!verdict.ok) {
      this.spoiled = true;
      this.place.at(field).refuse(verdict.expected, value);
      return undefined;
    }
    if (verdict.note !== undefined) this.place.at(field).warn(verdict.note);
    return verdict.value;
  }

  /** Refuses fields that are sealed: by them logs, statuses and records tell one entry from another. */
  inPlain(...fields: readonly string[]): this {
    for (const field of fields) {
      if (!(fieldOf(this.row, field) instanceof SealedText)) continue;
      this.spoiled = true;
      this.place
        .at(field)
        .error(`expected a value in plain, since logs and records name it, got ${sealedMark}`);
    }
    return this;
  }

  private lock(field: string, value: unknown): void {
    this.spoiled = true;
    this.place.at(field).locked(value);
  }
}
