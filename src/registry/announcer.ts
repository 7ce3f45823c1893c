import type { RegistryObject } from '../model/snapshot.ts';

/** What happened to a registry, for whoever describes it. */
export interface EventText {
  readonly object: RegistryObject;
  /** Of the object as it was read. */
  readonly uid: string;
  readonly version: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'Applied' | 'Quarantined' | 'Withheld';
  /** At most 1,024 bytes. */
  readonly note: string;
}

/** One telling of it. */
export interface Told {
  readonly name: string;
  /** The machine that tells it. */
  readonly instance: string;
  readonly atMs: number;
}

/** Writes beside the registries what became of them. Whatever fails here fails for nobody else. */
export interface Announcer {
  /** Sets annotations, if the object is still the one that was read; its data and its other annotations are not sent. */
  annotate(wish: {
    readonly object: RegistryObject;
    readonly version: string;
    readonly annotations: Readonly<Record<string, string>>;
  }): Promise<'written' | 'changed'>;
  tell(event: EventText & Told): Promise<void>;
  /** Counts an event once more. @returns false where it is gone. */
  tellAgain(event: Pick<Told, 'name' | 'atMs'> & { readonly count: number }): Promise<boolean>;
}
