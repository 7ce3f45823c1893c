// node:sqlite on the disk of the machine on which the running process lives: the real engine, in memory that outlives the process.
import { DatabaseSync as Engine, type StatementSync } from 'node:sqlite';
import type { Disk } from '../disk/disk.ts';
import { mustRun, type SimProcess } from '../kernel/process.ts';

const codes = { busy: 5, full: 13, corrupt: 11, io: 10 };
const sqliteError = (errcode: number, message: string): Error =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });

const writes = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|COMMIT)/iu;
const isLockFile = (path: string): boolean => path.endsWith('/lock');

/** What a damaged database file is on the disk. */
export const damagedDatabase = Symbol('damaged');

/** Every engine of a run with its statements, closed at its end. */
const engines = new Map<Engine, Map<string, StatementSync>>();
export function closeDatabases(): void {
  for (const engine of engines.keys()) engine.close();
  engines.clear();
}

function prepared(engine: Engine, sql: string): StatementSync {
  const known = engines.get(engine);
  const statement = known?.get(sql) ?? engine.prepare(sql);
  known?.set(sql, statement);
  return statement;
}

export class DatabaseSync {
  private readonly path: string;
  private readonly process: SimProcess;
  private readonly disk: Disk;

  constructor(path: string) {
    this.process = mustRun();
    this.process.touch();
    this.path = path;
    this.disk = this.process.machine.disk;
    if (isLockFile(path) || this.disk.databases.has(path)) return;
    this.disk.mustHaveRoom(path);
    const engine = new Engine(':memory:');
    engines.set(engine, new Map());
    this.disk.databases.set(path, engine);
  }

  exec(sql: string): void {
    this.process.touch();
    if (isLockFile(this.path)) this.lock(sql);
    else {
      this.mustTake(sql);
      this.engine().exec(sql);
      this.process.atEnd(() => this.abandon());
    }
  }

  prepare(sql: string): Pick<StatementSync, 'run' | 'get' | 'all'> {
    this.process.touch();
    const statement = prepared(this.engine(), sql);
    return {
      run: (...given: never[]) => {
        this.mustTake(sql);
        return statement.run(...given);
      },
      get: (...given: never[]) => statement.get(...given),
      all: (...given: never[]) => statement.all(...given),
    };
  }

  close(): void {
    if (this.disk.locks.get(this.path) === this) this.disk.locks.delete(this.path);
  }

  /** What a transaction that was under way at a kill becomes: nothing. */
  private abandon(): void {
    const engine = this.disk.databases.get(this.path);
    if (engine instanceof Engine && engine.isOpen && engine.isTransaction) engine.exec('ROLLBACK');
  }

  private engine(): Engine {
    const engine = this.disk.databases.get(this.path);
    if (engine === damagedDatabase) throw sqliteError(codes.corrupt, 'database disk image is malformed');
    if (!(engine instanceof Engine)) throw sqliteError(codes.corrupt, 'file is not a database');
    return engine;
  }

  private mustTake(sql: string): void {
    if (!writes.test(sql)) return;
    if (this.disk.full) throw sqliteError(codes.full, 'database or disk is full');
    if (this.disk.failing) throw sqliteError(codes.io, 'disk I/O error');
  }

  private lock(sql: string): void {
    if (!sql.includes('BEGIN EXCLUSIVE')) return;
    if (this.disk.locks.has(this.path)) throw sqliteError(codes.busy, 'database is locked');
    this.disk.locks.set(this.path, this);
    this.process.atEnd(() => this.close());
  }
}
