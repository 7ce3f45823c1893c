import type * as z from 'zod';
import { readGenerations, writeGenerations } from '../lib/files.ts';

const sizeLimit = 16_777_216;

/** What a copy beside the database holds. `lost`: there was one, and it cannot be read. */
export type Copy<T> = { readonly state: 'read'; readonly value: T } | { readonly state: 'none' | 'lost' };

/** A value kept beside `durable.db` as well: what holds pushes back must survive the database. */
export class CopyFile<T> {
  private readonly path: string;
  private readonly schema: z.ZodType<T>;
  private writing: Promise<void> = Promise.resolve();

  constructor(path: string, schema: z.ZodType<T>) {
    this.path = path;
    this.schema = schema;
  }

  async read(): Promise<Copy<T>> {
    const { body, damaged } = await readGenerations(this.path, sizeLimit);
    if (body === undefined) return { state: damaged.length > 0 ? 'lost' : 'none' };
    const parsed = this.schema.safeParse(JSON.parse(body));
    return parsed.success ? { state: 'read', value: parsed.data } : { state: 'lost' };
  }

  /** One write after the other: the newest value is the last one. What is undefined is left out. */
  async write(value: object): Promise<void> {
    const body = JSON.stringify(value);
    const written = this.writing.then(() => writeGenerations(this.path, body, sizeLimit));
    this.writing = written.catch(() => undefined);
    await written;
  }
}
