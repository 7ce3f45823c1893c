import { printable } from '../lib/text.ts';
import type { Finding, RegistryObject } from '../model/snapshot.ts';
import type { Grammar } from './grammar.ts';

/** An object of unknown fields, as JSON gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** True for a JSON object; arrays and null are none. */
export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of a row; names of Object's prototype are no fields. */
export function fieldOf(row: Row, field: string): unknown {
  return Object.hasOwn(row, field) ? row[field] : undefined;
}

/** A value as a message quotes it: printable, short, on one line. */
export function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
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

  private add(severity: Finding['severity'], message: string, remedy: string | undefined): void {
    this.findings.push({
      severity,
      path: this.path,
      message,
      remedy: remedy ?? `correct it in ${this.object}, then: syncctl validate`,
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
    const verdict = grammar(value);
    if (verdict.ok) return verdict.value;
    this.place.at(field).warn(`expected ${verdict.expected}, got ${excerpt(value)}; the field is ignored`);
    return undefined;
  }

  private read<T>(field: string, value: unknown, grammar: Grammar<T>): T | undefined {
    const verdict = grammar(value);
    if (!verdict.ok) {
      this.spoiled = true;
      this.place.at(field).refuse(verdict.expected, value);
      return undefined;
    }
    if (verdict.note !== undefined) this.place.at(field).warn(verdict.note);
    return verdict.value;
  }
}
