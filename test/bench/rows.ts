import type { Row } from './report.ts';
import { median, pairRatios, spread, type Lap } from './stats.ts';

const floorAim = 1.3;

export interface Compared {
  readonly group: string;
  readonly what: string;
  readonly above: readonly Lap[];
  readonly below: readonly Lap[];
  /** The aim where more is better; else at most the floor's aim. */
  readonly least?: number;
}

/** A ratio pair by pair, with the seconds it came from. */
export function ratioRow({ group, what, above, below, least }: Compared): Row {
  const ms = (laps: readonly Lap[]): readonly number[] => laps.map((lap) => lap.ms / 1000);
  const ratios = pairRatios(ms(above), ms(below));
  const middle = median(ratios);
  return {
    group,
    what,
    figure: `${spread(ratios, 2)} x`,
    aim: least === undefined ? `<= ${String(floorAim)} x` : `>= ${String(least)} x`,
    met: least === undefined ? middle <= floorAim : middle >= least,
    beside: `${spread(ms(above), 2)} s / ${spread(ms(below), 2)} s`,
  };
}

/** The named pieces of our runs. */
export function phasesRow(group: string, laps: readonly Lap[]): Row {
  const names = Object.keys(laps[0]?.phases ?? {});
  const figure = names
    .map((name) => `${name} ${median(laps.map((lap) => lap.phases?.[name] ?? 0)).toFixed(0)}`)
    .join(', ');
  return { group, what: 'phases of ours', figure: `${figure} ms`, aim: '', beside: 'medians' };
}

/** What the controlling process itself used. */
export function cpuRow(group: string, ours: readonly Lap[], floor: readonly Lap[]): Row {
  const cpu = (laps: readonly Lap[]): string => `${median(laps.map((lap) => lap.cpuMs ?? 0)).toFixed(0)} ms`;
  return {
    group,
    what: 'CPU of the controlling process per run',
    figure: cpu(ours),
    aim: '',
    beside: `floor ${cpu(floor)}`,
  };
}

/** How much of the floor is there before a receiver starts. */
export function emptyRow(group: string, empty: Lap, floor: readonly Lap[]): Row {
  const whole = median(floor.map((lap) => lap.ms));
  return {
    group,
    what: 'of the floor: sshd session, shell and sudo alone (`sudo -n true`)',
    figure: `${((empty.ms / whole) * 100).toFixed(0)} %`,
    aim: '',
    beside: `${(empty.ms / 1000).toFixed(2)} s / ${(whole / 1000).toFixed(2)} s; the rest is the receiver`,
  };
}
