import type { WrittenSettings } from './schema.ts';

/** The settings as every other part takes them: checked, with the paths of this machine filled in. */
export type Settings = Omit<WrittenSettings, 'status' | 'daemon'> & {
  readonly status: Omit<WrittenSettings['status'], 'writeBack'> & { readonly writeBack: boolean };
  readonly daemon: Omit<WrittenSettings['daemon'], 'stateDirectory' | 'runtimeDirectory'> & Places;
};

/** Where things of this machine are. */
export interface Places {
  /** Last-good copies, `durable.db`, the lock, the term of a directory source. */
  readonly stateDirectory: string;
  readonly runtimeDirectory: string;
  /** The daemon's socket; the command line looks for it here. */
  readonly socket: string;
}

/** From where a setting has its value. */
export type Origin = 'default' | 'file' | 'environment' | 'flag';

/** What loading gave: the settings, the file they came from, and where each value is from. */
export interface Loaded {
  readonly settings: Settings;
  /** The file that was read; undefined where there is none. */
  readonly file: string | undefined;
  /** By dotted path; a path that is absent has its default. */
  readonly origins: ReadonlyMap<string, Origin>;
}
