import { homedir, userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Settings } from '../config/settings.ts';
import type { Actor } from '../contract/controller.ts';
import { SyncError } from '../lib/errors.ts';
import { knowsSecrets, veil, veilValue } from '../lib/veil.ts';
import { printable } from '../lib/text.ts';
import type { Source } from '../registry/source.ts';
import type { CliContext, Controller, DaemonMode } from './context.ts';
import { checkGlobals } from './globals-check.ts';
import { namesSource, settingsFlags, type GlobalOptions, type OutputFormat } from './globals.ts';
import { asJson, asYaml } from './output/structured.ts';
import { lookOf, marked, type Mark } from './output/tags.ts';

/** What a result looks like in each form; a form that is left out falls back to `table`. */
export interface Result {
  readonly value: unknown;
  readonly table: () => string;
  readonly wide?: () => string;
}

/** A command line after it was taken apart. */
export interface Parsed {
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly tree: () => Promise<Command>;
}

/** One run of one command: its words, its options, and the parts it opens. Everything opened is closed at the end. */
export class Call {
  readonly context: CliContext;
  readonly args: readonly unknown[];
  globals: GlobalOptions;
  /** The whole command tree, for completion. */
  readonly tree: () => Promise<Command>;
  private readonly options: Record<string, unknown>;
  private readonly opened: { close(): Promise<void> }[] = [];
  private readonly overrides: Record<string, unknown> = {};
  /** The file that the settings were last read from; undefined where there is none. */
  settingsFile: string | undefined;
  private loaded: Promise<Settings> | undefined;
  private sourced: Promise<Source> | undefined;
  private homed: Promise<Source> | undefined;
  private controlled: Promise<Controller> | undefined;

  constructor(context: CliContext, parsed: Parsed) {
    this.context = context;
    this.args = parsed.args;
    this.options = { ...parsed.options };
    this.globals = parsed.options;
    this.tree = parsed.tree;
  }

  /** The n-th word after the command; undefined where it was left out. */
  word(index: number): string | undefined {
    const value = this.args[index];
    return typeof value === 'string' ? value : undefined;
  }

  /** The n-th word of a command that demands it. */
  need(index: number): string {
    const value = this.word(index);
    if (value === undefined) throw new SyncError('internal', `argument ${String(index)} was not demanded`);
    return value;
  }

  /** The words of a variadic argument. */
  words(index: number): readonly string[] {
    const value = this.args[index];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** True where an option without a value was given. */
  flag(name: string): boolean {
    return this.options[name] === true;
  }

  /** True where an option has exactly this value: `--no-install` is `install`, false. */
  given(name: string, value: unknown): boolean {
    return this.options[name] === value;
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    const value = this.options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** An option that was asked for instead of given. */
  answer(name: string, value: string): void {
    this.options[name] = value;
  }

  /** The values of an option that may be repeated. */
  texts(name: string): readonly string[] {
    const value = this.options[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  get format(): OutputFormat {
    return this.globals.output ?? 'table';
  }

  /** A setting that the command's own words give; before the settings are loaded. */
  override(path: string, value: unknown): void {
    this.overrides[path] = value;
  }

  /**
   * Refuses what is wrong with the options of every command, a settings file that is named and cannot be used among them, before
   * the command looks at its own words.
   */
  async check(): Promise<void> {
    checkGlobals(this.globals);
    if (this.globals.config !== undefined) await this.loadSettings();
  }

  /** The settings of this run, loaded at the first call. */
  settings(): Promise<Settings> {
    this.loaded ??= this.loadSettings();
    return this.loaded;
  }

  /** The settings, read anew from file, environment and options. */
  async loadSettings(): Promise<Settings> {
    const { context, globals } = this;
    const { settings, file } = await context.loadSettings({
      env: context.env,
      uid: context.uid,
      file: globals.config,
      flags: { ...settingsFlags(globals, context.cwd), ...this.overrides },
    });
    this.settingsFile = file;
    // Whatever reads registries in this process opens their values by these.
    if (settings.secrets.identity.length > 0)
      (await import('../registry/sealed/opened.ts')).useIdentities(settings.secrets.identity);
    return settings;
  }

  /** Runs the daemon in one of its modes until it is stopped. */
  async daemon(mode: DaemonMode): Promise<number> {
    return this.context.runDaemon(await this.settings(), { mode, reload: () => this.loadSettings() });
  }

  /** The registries of this run. */
  source(): Promise<Source> {
    this.sourced ??= this.settings().then(async (settings) => {
      const name = this.globals.source;
      if (name === undefined) return this.keep(this.context.openSource(settings));
      const { oneSource } = await import('./one-source.ts');
      return this.keep(this.context.openSource(oneSource(settings, name)));
    });
    return this.sourced;
  }

  /** The registries of the first source, beside which our own objects are. */
  async home(): Promise<Source> {
    if (this.globals.source === undefined) return this.source();
    this.homed ??= this.settings().then((settings) => this.keep(this.context.openSource(settings)));
    return this.homed;
  }

  /** From here on the run is about one of several sources, as if `--source` had named it. */
  narrow(source: string): void {
    if (this.globals.source === source) return;
    this.homed ??= this.sourced;
    this.sourced = undefined;
    this.globals = { ...this.globals, source };
  }

  /** The daemon, or a controller of this process. */
  controller(): Promise<Controller> {
    this.controlled ??= this.settings()
      .then((settings) => this.keep(this.context.openController(settings)))
      .then((controller) => this.sameSource(controller));
    return this.controlled;
  }

  /** Closes something at the end of the run. */
  async keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const part = await opening;
    this.opened.push(part);
    return part;
  }

  /** Closes what was opened, the last first. */
  async close(): Promise<void> {
    for (const part of this.opened.splice(0).reverse()) await part.close();
  }

  /** Who asks, for the audit: the login user even under sudo. */
  actor(reason: string | undefined): Actor {
    const { env } = this.context;
    const who = env['SUDO_USER'] ?? env['USER'] ?? env['LOGNAME'] ?? nameOfUser();
    return { who: printable(who), reason };
  }

  /** Writes the result to stdout in the form that was asked for. */
  async print(result: Result): Promise<void> {
    this.context.stdout.write(await this.rendered(result));
  }

  /** Writes a line to stderr: progress and remarks, never data. */
  note(mark: Mark, text: string): void {
    const { context, globals } = this;
    if (globals.quiet === true && mark !== 'error' && mark !== 'warn') return;
    context.stderr.write(
      `${marked(mark, printable(veil(text)), lookOf(context.stderr, context.env, globals.color === false))}\n`,
    );
  }

  /**
   * Has a dangerous step confirmed.
   * @throws SyncError `usage` naming `--yes` where nobody can be asked, `failure` where the answer is no.
   */
  async confirm(question: string, details: readonly string[] = []): Promise<void> {
    for (const line of details) this.context.stderr.write(`${printable(veil(line))}\n`);
    if (this.flag('yes')) return;
    const what = question.replace(/\?$/u, '');
    if (this.context.ask === undefined) {
      throw new SyncError('usage', `${what}: expected a confirmation, got no terminal to ask at`, {
        remedy: 'pass --yes',
      });
    }
    const answer = (await this.context.ask(`${question} [y/N] `)).trim().toLowerCase();
    if (answer !== 'y' && answer !== 'yes')
      throw new SyncError('failure', `${what}: not confirmed, nothing was changed`);
  }

  private async rendered(result: Result): Promise<string> {
    switch (this.format) {
      case 'json':
        return asJson(shown(result.value));
      case 'yaml':
        return asYaml(shown(result.value));
      case 'wide':
        return veil((result.wide ?? result.table)());
      case 'table':
        return veil(result.table());
    }
  }

  /** A daemon serves its own registries: a command line that names others must not reach them through it. */
  private async sameSource(controller: Controller): Promise<Controller> {
    if (!namesSource(this.globals)) return controller;
    const { daemon, source } = await controller.status();
    if (!daemon) return controller;
    const wanted = (await this.source()).health();
    if (wanted.kind === source.kind && wanted.location === source.location) return controller;
    throw new SyncError(
      'conflict',
      `registries: expected those of the running daemon (${source.location}), got ${wanted.location}`,
      {
        remedy: 'leave out --registry, --kubeconfig, --context and -n, or stop the daemon',
      },
    );
  }
}

/** A result without what was sealed in a registry. */
function shown(value: unknown): unknown {
  return knowsSecrets() ? veilValue(JSON.parse(JSON.stringify(value)) as unknown) : value;
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid without a name.
    return homedir();
  }
}
